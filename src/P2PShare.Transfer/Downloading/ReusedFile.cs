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
    private readonly SafeFileHandle _handle;

    private ReusedFile(SafeFileHandle handle, long length) => (_handle, Length) = (handle, length);

    /// <summary>Bytes that it had when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens the file at a download's destination, without following a link.</summary>
    /// <returns>Null if nothing is to be replaced, or what is there cannot be read; then also why, unless there is nothing.</returns>
    public static (ReusedFile? File, Exception? Problem) TryOpen(DownloadRequest request)
    {
        if (!request.Overwrite)
        {
            return (null, null);
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = SafeFile.OpenShared(request.Destination, request.Root);
            return (new ReusedFile(handle, SafeFile.Status(handle, request.Destination).Stamp.Size), null);
        }
        catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            return (null, e is P2PShareException { Code: ErrorCode.PathNotFound } ? null : e);
        }
    }

    public bool Has(long offset, int length) => offset + length <= Length;

    /// <exception cref="IOException">It cannot be read, or is shorter by now.</exception>
    /// <exception cref="ObjectDisposedException">The download has ended.</exception>
    public void Read(long offset, Span<byte> buffer) => SafeFile.ReadExactly(_handle, buffer, offset);

    public void Dispose() => _handle.Dispose();
}
