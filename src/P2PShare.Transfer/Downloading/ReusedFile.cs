using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The file that a download replaces, from which it takes what has not changed. It may change at any time: what is read from it is
/// hashed before it is used. Safe for concurrent use.
/// </summary>
internal sealed class ReusedFile : IReusedBytes
{
    // Null if the file is updated in place: its bytes are in the part file then, each piece of it until it is written.
    private readonly SafeFileHandle? _handle;
    private readonly IPartFile _part;

    private ReusedFile(SafeFileHandle? handle, IPartFile part, long length) => (_handle, _part, Length) = (handle, part, length);

    /// <summary>Bytes that it had when it was opened; of one that is updated in place, those that it will have.</summary>
    public long Length { get; }

    /// <summary>Opens the file at a download's destination, without following a link.</summary>
    /// <returns>Null if nothing is to be replaced, or what is there cannot be read; then also why, unless there is nothing.</returns>
    public static (ReusedFile? File, Exception? Problem) TryOpen(DownloadRequest request, IPartFile part)
    {
        if (!request.Overwrite)
        {
            return (null, null);
        }

        if (request.InPlace)
        {
            return (new ReusedFile(null, part, request.Content.Size), null);
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = SafeFile.OpenShared(request.Destination, request.Root);
            return (new ReusedFile(handle, part, SafeFile.Status(handle, request.Destination).Stamp.Size), null);
        }
        catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            return (null, e is P2PShareException { Code: ErrorCode.PathNotFound } ? null : e);
        }
    }

    public bool Has(long offset, int length) => offset + length <= Length;

    public bool TryReflink(IPartFile part, long offset, int length) => _handle is not null && part.TryReflink(_handle, offset, offset, length);

    /// <exception cref="IOException">It cannot be read, or is shorter by now.</exception>
    /// <exception cref="ObjectDisposedException">The download has ended.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        if (_handle is null)
        {
            _part.Read(offset, buffer);
        }
        else
        {
            SafeFile.ReadExactly(_handle, buffer, offset);
        }
    }

    public void Dispose() => _handle?.Dispose();
}
