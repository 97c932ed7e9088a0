using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The local file that a content is compared with. What it was when it was opened has to be what it is at the end: else the comparison is of no
/// file that ever was. A disk that does not answer is given up. Safe for concurrent use.
/// </summary>
internal sealed class ComparedFile : IReusedBytes
{
    private readonly SafeFileHandle _handle;
    private readonly FileStamp _stamp;
    private readonly string _disk;
    private readonly TimeProvider _clock;
    private volatile Exception? _problem;

    // The disk did not answer in time: it is not waited for again.
    private volatile bool _isGivenUp;

    private ComparedFile(SafeFileHandle handle, string path, FileStamp stamp, string disk, TimeProvider clock) =>
        (_handle, Path, _stamp, _disk, _clock) = (handle, path, stamp, disk, clock);

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Opens the file, without following a link.</summary>
    /// <param name="root">As <see cref="DownloadRequest.Root"/>.</param>
    /// <param name="hashed">What it was before, if it was hashed.</param>
    /// <returns>Null if there is no file.</returns>
    /// <exception cref="P2PShareException">PathIsFolder, PathUnreadable, or SourceFileChanged: it is not what was hashed.</exception>
    public static ComparedFile? TryOpen(string path, string root, HashedFile? hashed, TimeProvider clock)
    {
        var disk = LocalSearch.DiskOf(path);
        try
        {
            return DiskCalls.Run(disk, DiskCalls.OpenLimit, clock, () => Open(path, root, hashed, disk, clock));
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.PathNotFound && hashed is null)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw FileErrors.Unreadable(path, e);
        }
    }

    // As the file that a download replaces.
    public bool Has(long offset, int length) => offset + Math.Min(length, PieceLength.Block) <= _stamp.Size;

    public void Read(long offset, Span<byte> buffer)
    {
        if (_isGivenUp)
        {
            throw new IOException("The file that is compared cannot be read: its disk did not answer.");
        }

        try
        {
            var inside = buffer[..(int)Math.Clamp(_stamp.Size - offset, 0, buffer.Length)];
            buffer[inside.Length..].Clear();
            DiskCalls.ReadExactly(_disk, _handle, inside, offset, _clock);
        }
        catch (TimeoutException e)
        {
            (_problem, _isGivenUp) = (e, true);
            throw new IOException($"The file that is compared cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problem = e;
            throw;
        }
    }

    // What Read fills in behind the end is no byte of the file.
    public IEnumerable<ReusedRange> Locate(long offset, int length)
    {
        var inside = (int)Math.Clamp(_stamp.Size - offset, 0, length);
        if (inside > 0)
        {
            yield return new ReusedRange(offset, inside, Path, offset);
        }

        if (inside < length)
        {
            yield return new ReusedRange(offset + inside, length - inside, null, 0);
        }
    }

    /// <summary>Checks that it was read, and has not changed since it was opened.</summary>
    /// <exception cref="P2PShareException">SourceFileChanged or PathUnreadable.</exception>
    public void Check()
    {
        // A disk that did not answer is not asked again.
        if (_problem is EndOfStreamException || (!_isGivenUp && FindStamp() != _stamp))
        {
            throw FileErrors.Changed(Path);
        }

        if (_problem is { } problem)
        {
            throw FileErrors.Unreadable(Path, problem);
        }
    }

    public void Dispose() => _handle.Dispose();

    private static ComparedFile Open(string path, string root, HashedFile? hashed, string disk, TimeProvider clock)
    {
        var handle = SafeFile.OpenShared(path, root);
        try
        {
            var stamp = SafeFile.Status(handle, path).Stamp;
            return hashed?.IsUnchanged(stamp) != false ? new ComparedFile(handle, path, stamp, disk, clock) : throw FileErrors.Changed(path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private FileStamp FindStamp()
    {
        try
        {
            return DiskCalls.Run(_disk, DiskCalls.OpenLimit, _clock, () => SafeFile.Status(_handle, Path).Stamp);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException)
        {
            throw FileErrors.Unreadable(Path, e);
        }
    }
}
