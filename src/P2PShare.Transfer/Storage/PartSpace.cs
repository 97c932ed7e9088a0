using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The space that a part file takes. Pieces of zeros, and blocks of zeros in other pieces, are holes; for the rest of a new file it is
/// reserved at once, which shows a disk that is too full now, and makes writing faster.
/// </summary>
/// <param name="isNew">Whether the file was made for this download; the space of one that was there already is not reserved.</param>
internal sealed class PartSpace(SafeFolder folder, string name, SafeFileHandle handle, ContentDescription content, bool isNew)
{
    // The blocks of most file systems. Where they are larger, the first range that does not begin with one is the last that is tried.
    private const int ReflinkAlignment = 4096;

    private readonly Lock _changing = new();
    private bool _isKept;
    private volatile bool _cannotReflink;

    /// <summary>Whether a byte of the content was written or cleared, or is about to be.</summary>
    public bool IsChanged { get; private set; }

    private string Path => folder.Combine(name);

    /// <summary>Makes holes of the pieces of zeros, and reserves the space of the others if the file is new.</summary>
    /// <param name="pieceHash">The hash that a piece must have.</param>
    /// <returns>The pieces of zeros.</returns>
    /// <exception cref="P2PShareException">DiskFull; nothing is left of a new file then.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public IReadOnlyList<int> Prepare(Func<int, Hash256> pieceHash)
    {
        var isZero = Array.ConvertAll([.. Enumerable.Range(0, content.PieceCount)], piece => pieceHash(piece) == ZeroHashes.Piece(content, piece));
        var zeros = Enumerable.Range(0, content.PieceCount).Where(piece => isZero[piece]).ToList();
        if (zeros.Count > 0 && OperatingSystem.IsWindows())
        {
            WindowsCalls.MakeSparse(handle);
        }

        if (RandomAccess.GetLength(handle) < content.Size)
        {
            // Others may ask for what is a hole at the end. No piece is written meanwhile.
            SetLength();
        }

        foreach (var (offset, length) in FindRuns(isZero, wanted: true))
        {
            if (FileHoles.MayHoldData(handle, offset, length))
            {
                BeginChange();
                FileHoles.Clear(handle, offset, length, Path);
            }
        }

        if (isNew)
        {
            Reserve(isZero, zeros.Count > 0);
        }

        return zeros;
    }

    /// <summary>Ends all writing if nothing was changed: the file is given back as it was, while readers may still bring pieces.</summary>
    /// <returns>Whether nothing was changed.</returns>
    public bool TryKeep()
    {
        lock (_changing)
        {
            return _isKept |= !IsChanged;
        }
    }

    /// <summary>Whether a piece may have been written. Where the system cannot tell, one that begins with zeros counts as not written.</summary>
    public bool IsWritten(int piece)
    {
        var offset = (long)piece * content.PieceLength;
        if (OperatingSystem.IsLinux())
        {
            return FileHoles.MayHoldData(handle, offset, content.PieceSize(piece));
        }

        Span<byte> beginning = stackalloc byte[512];
        var read = RandomAccess.Read(handle, beginning, offset);
        return beginning[..read].ContainsAnyExcept((byte)0);
    }

    /// <summary>Writes a piece; its blocks of zeros become holes.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(int piece, ReadOnlySpan<byte> data)
    {
        BeginChange();
        var offset = (long)piece * content.PieceLength;
        while (!data.IsEmpty)
        {
            var length = BlockRun.Measure(data, out var isZero);
            if (isZero)
            {
                FileHoles.Clear(handle, offset, length, Path);
            }
            else
            {
                RandomAccess.Write(handle, data[..length], offset);
            }

            offset += length;
            data = data[length..];
        }
    }

    /// <inheritdoc cref="FileClone.TryCopy"/>
    public bool TryClone(SafeFileHandle from, long fromOffset, long offset, long length, CancellationToken cancellationToken)
    {
        BeginChange();
        return FileClone.TryCopy(from, fromOffset, handle, offset, length, Path, cancellationToken);
    }

    /// <inheritdoc cref="IPartFile.TryReflink"/>
    public bool TryReflink(SafeFileHandle from, long fromOffset, long offset, long length)
    {
        // Within a block of the file system nothing can be shared; that says nothing about the next range.
        if (_cannotReflink || !OperatingSystem.IsLinux() || (fromOffset | offset | length) % ReflinkAlignment != 0)
        {
            return false;
        }

        BeginChange();
        var isCloned = LinuxRanges.TryClone(from, fromOffset, handle, offset, length);
        if (!isCloned)
        {
            _cannotReflink = true;
        }

        return isCloned;
    }

    // Before the first byte changes, so that a file which is given back gets none.
    private void BeginChange()
    {
        lock (_changing)
        {
            ObjectDisposedException.ThrowIf(_isKept, this);
            IsChanged = true;
        }
    }

    private void SetLength()
    {
        try
        {
            RandomAccess.SetLength(handle, content.Size);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new IOException("The file system has no files of that size.", e);
        }
    }

    private void Reserve(bool[] isZero, bool isSparse)
    {
        var error = OperatingSystem.IsLinux() ? ReserveOnLinux(isZero)
            : isSparse ? null
            : OperatingSystem.IsWindows() ? WindowsCalls.Reserve(handle, content.Size)
            : null;
        if (error is null || FileErrors.Unwritable(Path, error) is not { Code: ErrorCode.DiskFull } full)
        {
            // A file system that cannot reserve shows a full disk when it is written to.
            return;
        }

        if (isSparse)
        {
            // The pieces that are not zeros are often zeros for the most part, and may have room: what was reserved is given back.
            FileHoles.Clear(handle, 0, content.Size, Path);
            return;
        }

        if (!OperatingSystem.IsWindows())
        {
            folder.TryDelete(name);
        }

        throw full;
    }

    private IOException? ReserveOnLinux(bool[] isZero)
    {
        foreach (var (offset, length) in FindRuns(isZero, wanted: false))
        {
            // The record comes behind the last byte.
            var behind = offset + length == content.Size ? PartFileRecord.Length(content) : 0;
            if (LinuxRanges.Reserve(handle, offset, length + behind) is var error and not 0)
            {
                return LinuxCalls.Error(error, Path) as IOException;
            }
        }

        return null;
    }

    // Neighbouring pieces that are, or are not, zeros.
    private IEnumerable<(long Offset, long Length)> FindRuns(bool[] isZero, bool wanted)
    {
        for (var first = 0; first < isZero.Length; first++)
        {
            if (isZero[first] != wanted)
            {
                continue;
            }

            var last = first;
            while (last + 1 < isZero.Length && isZero[last + 1] == wanted)
            {
                last++;
            }

            var offset = (long)first * content.PieceLength;
            yield return (offset, Math.Min((long)(last + 1) * content.PieceLength, content.Size) - offset);
            first = last;
        }
    }
}
