using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The local file that a content is compared with. What it was when it was opened has to be what it is at the end: else the comparison is of no
/// file that ever was. Safe for concurrent use.
/// </summary>
internal sealed class ComparedFile : IReusedBytes
{
    private readonly SafeFileHandle _handle;
    private readonly FileStamp _stamp;
    private volatile Exception? _problem;

    private ComparedFile(SafeFileHandle handle, string path, FileStamp stamp) => (_handle, Path, _stamp) = (handle, path, stamp);

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Opens the file, without following a link.</summary>
    /// <param name="root">As <see cref="DownloadRequest.Root"/>.</param>
    /// <param name="hashed">What it was before, if it was hashed.</param>
    /// <returns>Null if there is no file.</returns>
    /// <exception cref="P2PShareException">PathIsFolder, PathUnreadable, or SourceFileChanged: it is not what was hashed.</exception>
    public static ComparedFile? TryOpen(string path, string root, HashedFile? hashed)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = SafeFile.OpenShared(path, root);
            var stamp = SafeFile.Status(handle, path).Stamp;
            return hashed?.IsUnchanged(stamp) != false ? new ComparedFile(handle, path, stamp) : throw FileErrors.Changed(path);
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.PathNotFound && hashed is null)
        {
            return null;
        }
        catch
        {
            handle?.Dispose();
            throw;
        }
    }

    // As the file that a download replaces.
    public bool Has(long offset, int length) => offset + Math.Min(length, PieceLength.Block) <= _stamp.Size;

    public void Read(long offset, Span<byte> buffer)
    {
        try
        {
            var inside = buffer[..(int)Math.Clamp(_stamp.Size - offset, 0, buffer.Length)];
            buffer[inside.Length..].Clear();
            SafeFile.ReadExactly(_handle, inside, offset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problem = e;
            throw;
        }
    }

    public IEnumerable<ReusedRange> Locate(long offset, int length) => [new ReusedRange(offset, length, Path, offset)];

    /// <summary>Checks that it was read, and has not changed since it was opened.</summary>
    /// <exception cref="P2PShareException">SourceFileChanged or PathUnreadable.</exception>
    public void Check()
    {
        if (_problem is EndOfStreamException || SafeFile.Status(_handle, Path).Stamp != _stamp)
        {
            throw FileErrors.Changed(Path);
        }

        if (_problem is { } problem)
        {
            throw FileErrors.Unreadable(Path, problem);
        }
    }

    public void Dispose() => _handle.Dispose();
}
