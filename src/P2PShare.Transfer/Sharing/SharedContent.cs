using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// A whole file on disk. What is read from it was checked against the hashes of what was shared, whatever file has the path by now.
/// Safe for concurrent use.
/// </summary>
internal sealed class SharedContent(HashedFile file, TimeProvider clock) : IContent
{
    private OpenedFile? _opened;

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

    /// <summary>What the file at the path is now.</summary>
    /// <exception cref="P2PShareException">PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public FileStamp Find() => Run(DiskCalls.OpenLimit, () =>
    {
        using var handle = SafeFile.OpenShared(file.Path);
        return SafeFile.Status(handle, file.Path).Stamp;
    });

    public void Read(long offset, Span<byte> buffer)
    {
        var opened = Acquire();
        try
        {
            if (!opened.TryReadCached(offset, buffer))
            {
                ReadFromDisk(opened, offset, buffer);
            }
        }
        catch (IOException e)
        {
            throw FileErrors.Unreadable(file.Path, e);
        }
        finally
        {
            opened.RemoveReader();
        }
    }

    /// <summary>Reads a content of one piece as a whole, and checks it. The caller bounds how long that may take.</summary>
    /// <param name="buffer">As long as the content.</param>
    /// <exception cref="P2PShareException">SourceFileChanged, PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public void ReadWhole(Span<byte> buffer)
    {
        SafeFile.ReadShared(file.Path, buffer);
        if (HashTree.ContentRoot(buffer) != Description.PiecesRoot)
        {
            throw FileErrors.HasOtherBytes(file.Path);
        }
    }

    public void Release() => Interlocked.Exchange(ref _opened, null)?.Dispose();

    public void Dispose() => Release();

    private void ReadFromDisk(OpenedFile opened, long offset, Span<byte> buffer)
    {
        var length = buffer.Length;
        // Not the caller's memory: a read that is given up on may still end.
        var read = ArrayPool<byte>.Shared.Rent(length);
        Run(DiskCalls.ReadLimit, () =>
        {
            // The caller may have given up by the time it is read.
            opened.AddReader();
            try
            {
                opened.Read(offset, read.AsSpan(0, length));
                return true;
            }
            catch (EndOfStreamException)
            {
                throw FileErrors.Changed(file.Path);
            }
            finally
            {
                opened.RemoveReader();
            }
        });
        read.AsSpan(0, length).CopyTo(buffer);
        ArrayPool<byte>.Shared.Return(read);
    }

    // Counted, so that a release on another thread closes the file only after the last read.
    private OpenedFile Acquire()
    {
        while (true)
        {
            if (Volatile.Read(ref _opened) is { } opened && opened.TryAddReader())
            {
                return opened;
            }

            var mine = Run(DiskCalls.OpenLimit, () => new OpenedFile(file, SafeFile.OpenShared(file.Path)));
            if (Interlocked.CompareExchange(ref _opened, mine, null) is not null)
            {
                mine.Dispose();
            }
        }
    }

    private T Run<T>(TimeSpan limit, Func<T> call)
    {
        try
        {
            return DiskCalls.Run(file.Disk, limit, clock, call);
        }
        catch (TimeoutException e)
        {
            throw FileErrors.Unreadable(file.Path, e);
        }
    }
}
