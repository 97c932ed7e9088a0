using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
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
    private readonly string _path;

    private ReusedFile(SafeFileHandle? handle, IPartFile part, string path, long length) => (_handle, _part, _path, Length) = (handle, part, path, length);

    /// <summary>Bytes that it had when it was opened; of one that is updated in place, those that it will have.</summary>
    public long Length { get; }

    /// <summary>Opens the file at a download's destination, without following a link.</summary>
    /// <param name="logger">Receives why it cannot be read, if there is one.</param>
    /// <returns>Null if nothing is to be replaced, or what is there cannot be read.</returns>
    public static ReusedFile? TryOpen(DownloadRequest request, IPartFile part, ILogger logger)
    {
        if (!request.Overwrite)
        {
            return null;
        }

        if (request.InPlace)
        {
            return new ReusedFile(null, part, request.Destination, request.Content.Size);
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = SafeFile.OpenShared(request.Destination, request.Root);
            return new ReusedFile(handle, part, request.Destination, SafeFile.Status(handle, request.Destination).Stamp.Size);
        }
        catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            if (e is not P2PShareException { Code: ErrorCode.PathNotFound })
            {
                logger.OldFileNotUsed(request.Name, e.Message);
            }

            return null;
        }
    }

    public bool Has(long offset, int length) => offset + length <= Length;

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

    public IEnumerable<ReusedRange> Locate(long offset, int length) => [new ReusedRange(offset, length, _path, offset)];

    public void Dispose() => _handle?.Dispose();
}
