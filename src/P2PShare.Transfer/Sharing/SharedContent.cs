using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>A whole file on disk. Before every read it is held against what it was when it was hashed.</summary>
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

    /// <summary>Throws where the file is not the same any more.</summary>
    /// <exception cref="P2PShareException">SourceFileChanged, PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public void Check()
    {
        using var handle = SourceFile.Open(file.Path);
        CheckSame(handle);
    }

    public void Read(long offset, Span<byte> buffer)
    {
        var handle = Acquire();
        try
        {
            CheckSame(handle);
            SourceFile.ReadExactly(handle, buffer, offset);
        }
        catch (EndOfStreamException)
        {
            throw SourceFile.Changed(file.Path);
        }
        catch (IOException e)
        {
            throw SourceFile.Unreadable(file.Path, e);
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
            _handle ??= SourceFile.Open(file.Path);
            var counted = false;
            _handle.DangerousAddRef(ref counted);
            return _handle;
        }
    }

    private void CheckSame(SafeFileHandle handle)
    {
        var (size, modified) = SourceFile.Stat(handle);
        if (size != file.Content.Size || modified != file.Modified)
        {
            throw new P2PShareException(
                ErrorCode.SourceFileChanged,
                $"'{file.Path}' is not what was shared any more.");
        }
    }
}
