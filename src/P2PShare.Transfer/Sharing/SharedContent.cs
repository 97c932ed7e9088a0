using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>A whole file on disk. Before every read it is compared with what it was when it was hashed. Safe for concurrent use.</summary>
internal sealed class SharedContent(HashedFile file) : IContent
{
    private readonly Lock _lock = new();
    private SafeFileHandle? _handle;

    public HashedFile File => file;

    public ContentDescription Description => file.Content;

    public IReadOnlyList<Hash256> PieceLayer => file.PieceLayer;

    public Bitfield GetHave()
    {
        var have = new Bitfield(Description.PieceCount);
        have.SetAll();
        return have;
    }

    public bool Has(int piece) => true;

    /// <summary>Throws if the file has changed.</summary>
    /// <exception cref="P2PShareException">SourceFileChanged, PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public void Check()
    {
        using var handle = SafeFile.OpenShared(file.Path);
        try
        {
            CheckSame(handle);
        }
        catch (IOException e)
        {
            throw SafeFile.Unreadable(file.Path, e);
        }
    }

    public void Read(long offset, Span<byte> buffer)
    {
        var handle = Acquire();
        try
        {
            CheckSame(handle);
            SafeFile.ReadExactly(handle, buffer, offset);
        }
        catch (EndOfStreamException)
        {
            throw SafeFile.Changed(file.Path);
        }
        catch (IOException e)
        {
            throw SafeFile.Unreadable(file.Path, e);
        }
        finally
        {
            handle.DangerousRelease();
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _handle?.Dispose();
            _handle = null;
        }
    }

    public void Dispose() => Release();

    // Counted, so that a release on another thread closes the file only after the last read.
    private SafeFileHandle Acquire()
    {
        lock (_lock)
        {
            _handle ??= SafeFile.OpenShared(file.Path);
            var counted = false;
            _handle.DangerousAddRef(ref counted);
            return _handle;
        }
    }

    private void CheckSame(SafeFileHandle handle)
    {
        var (size, modified) = SafeFile.Stat(handle);
        if (size != file.Content.Size || modified != file.Modified)
        {
            throw new P2PShareException(
                ErrorCode.SourceFileChanged,
                $"'{file.Path}' is not what was shared any more.");
        }
    }
}
