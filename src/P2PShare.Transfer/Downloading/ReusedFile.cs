using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The file that a download replaces, from which it takes what has not changed. It may change at any time: what is read from it is
/// hashed before it is used. A disk that does not answer is given up. Safe for concurrent use.
/// </summary>
internal sealed class ReusedFile : IReusedBytes
{
    // Null if the file is updated in place: its bytes are in the part file then, each piece of it until it is written.
    private readonly SafeFileHandle? _handle;
    private readonly IPartFile _part;
    private readonly string _path;
    private readonly string _disk;
    private readonly TimeProvider _clock;

    // The disk did not answer in time: all that is not read is fetched.
    private volatile bool _isGivenUp;

    private ReusedFile(SafeFileHandle? handle, IPartFile part, string path, long length, string disk, TimeProvider clock) =>
        (_handle, _part, _path, Length, _disk, _clock) = (handle, part, path, length, disk, clock);

    /// <summary>Bytes that it had when it was opened; of one that is updated in place, those that it will have.</summary>
    public long Length { get; }

    /// <summary>Opens the file at a download's destination, without following a link.</summary>
    /// <param name="logger">Receives why it cannot be read, if there is one.</param>
    /// <returns>Null if nothing is to be replaced, or what is there cannot be read.</returns>
    public static ReusedFile? TryOpen(DownloadRequest request, IPartFile part, ILogger logger, TimeProvider clock)
    {
        if (!request.Overwrite)
        {
            return null;
        }

        var disk = LocalSearch.DiskOf(request.Destination);
        if (request.InPlace)
        {
            return new ReusedFile(null, part, request.Destination, request.Content.Size, disk, clock);
        }

        try
        {
            return DiskCalls.Run(disk, DiskCalls.OpenLimit, clock, () => Open(request, part, disk, clock));
        }
        catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException or TimeoutException)
        {
            if (e is not P2PShareException { Code: ErrorCode.PathNotFound })
            {
                logger.OldFileNotUsed(request.Name, e.Message);
            }

            return null;
        }
    }

    /// <summary>Whether it has a block of the range, or all of a shorter one.</summary>
    public bool Has(long offset, int length) => offset + Math.Min(length, PieceLength.Block) <= Length;

    public bool TryReflink(IPartFile part, long offset, int length) =>
        _handle is not null && offset + length <= Length && part.TryReflink(_handle, offset, offset, length);

    /// <summary>Reads a range; what is behind its end is zeros, which are as good as any other bytes that are not wanted.</summary>
    /// <exception cref="IOException">It cannot be read, is shorter by now, or its disk does not answer.</exception>
    /// <exception cref="ObjectDisposedException">The download has ended.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        if (_handle is null)
        {
            _part.Read(offset, buffer);
            return;
        }

        if (_isGivenUp)
        {
            throw new IOException("The file that is replaced cannot be read: its disk did not answer.");
        }

        var inside = buffer[..(int)Math.Clamp(Length - offset, 0, buffer.Length)];
        buffer[inside.Length..].Clear();
        try
        {
            DiskCalls.ReadExactly(_disk, _handle, inside, offset, _clock);
        }
        catch (TimeoutException e)
        {
            _isGivenUp = true;
            throw new IOException($"The file that is replaced cannot be read: {e.Message}", e);
        }
    }

    public IEnumerable<ReusedRange> Locate(long offset, int length) => [new ReusedRange(offset, length, _path, offset)];

    public void Dispose() => _handle?.Dispose();

    private static ReusedFile Open(DownloadRequest request, IPartFile part, string disk, TimeProvider clock)
    {
        var handle = SafeFile.OpenShared(request.Destination, request.Root);
        try
        {
            return new ReusedFile(handle, part, request.Destination, SafeFile.Status(handle, request.Destination).Stamp.Size, disk, clock);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
