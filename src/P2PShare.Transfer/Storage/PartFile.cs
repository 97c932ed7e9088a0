using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// An unfinished file, <c>&lt;name&gt;.p2ppart</c> beside its destination: every piece at its final offset, and a
/// <see cref="PartFileRecord"/> behind the content's last byte. The record is written after the data it names is durable, and
/// a resumed download verifies every recorded piece again, so that neither a crash nor a change by another program ends in a
/// wrong file. The file is held exclusively: a second download into the same destination is refused.
/// </summary>
internal sealed class PartFile : IPartFile
{
    private readonly SafeFolder _folder;
    private readonly SafeFileHandle _handle;
    private readonly Lock _lock = new();
    private readonly Bitfield _have;
    private Hash256[] _pieceLayer = [];
    private int _recorded;

    private PartFile(SafeFolder folder, string path, SafeFileHandle handle, ContentDescription description)
    {
        _folder = folder;
        Path = path;
        _handle = handle;
        Description = description;
        _have = new Bitfield(description.PieceCount);
    }

    public string Path { get; }

    public ContentDescription Description { get; }

    public IReadOnlyList<Hash256> PieceLayer => _pieceLayer;

    /// <summary>Verified bytes.</summary>
    public long BytesVerified { get; private set; }

    /// <summary>
    /// Whether the file has bytes but no readable record: a crash came before the first record, or the file was cut or changed.
    /// They are worth verifying once the hashes are known.
    /// </summary>
    public bool HoldsUnrecorded { get; private set; }

    /// <summary>Whether pieces can be verified yet.</summary>
    public bool KnowsHashes => Description.PieceCount == 1 || _pieceLayer.Length > 0;

    /// <summary>Opens or creates the part file of a destination, and reserves its space.</summary>
    /// <param name="root">
    /// The folder above the destination that a person named: no link between the two is followed. Null: the destination's own folder.
    /// </param>
    /// <exception cref="P2PShareException">DestinationInUse, DestinationInvalid, DiskFull, PathUnwritable.</exception>
    public static PartFile Open(string destination, ContentDescription description, string? root = null)
    {
        var path = PathFor(destination);
        SafeFolder? folder = null;
        try
        {
            var parent = System.IO.Path.GetDirectoryName(destination)!;
            folder = SafeFolder.OpenBelow(root ?? parent, parent, make: true);
            var handle = ExclusiveFile.Open(folder, System.IO.Path.GetFileName(path), description.Size + PartFileRecord.Length(description));
            return new PartFile(folder, path, handle, description);
        }
        catch (Exception e)
        {
            folder?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw FileErrors.Unwritable(path, e);
            }

            throw;
        }
    }

    /// <summary>Whether a process holds the part file of a destination.</summary>
    public static bool IsHeld(string destination) => ExclusiveFile.IsHeld(PathFor(destination));

    /// <summary>Deletes the part file of a destination, unless a process writes to it. Does nothing if there is none.</summary>
    /// <exception cref="P2PShareException">DestinationInUse, PathUnwritable.</exception>
    public static void Delete(string destination) => ExclusiveFile.Delete(PathFor(destination));

    /// <summary>The error for a destination that exists and must not be replaced.</summary>
    public static P2PShareException Exists(string destination, Exception? inner = null) => new(
        ErrorCode.DestinationExists, $"'{destination}' exists already, and replacing it was not asked for. Replace it, or choose another destination.", inner);

    /// <summary>
    /// Verifies what an earlier download recorded, and what it may have written after its last record: a download that is killed
    /// every few seconds still makes progress. Pieces whose hash is wrong are left out.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (ReadRecord() is { } record)
        {
            _pieceLayer = record.PieceLayer;
            await VerifyAsync(index => record.Have[index] || IsWritten(index), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            HoldsUnrecorded = RandomAccess.GetLength(_handle) > 0;
        }
    }

    /// <summary>Verifies every piece in the file, once the hashes are known.</summary>
    public async Task RestoreUnrecordedAsync(CancellationToken cancellationToken)
    {
        HoldsUnrecorded = false;
        await VerifyAsync(_ => true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sets the piece layer.</summary>
    /// <param name="layer">Checked against the pieces root.</param>
    public void SetPieceLayer(Hash256[] layer) => _pieceLayer = layer;

    /// <summary>The expected hash of piece <paramref name="index"/>.</summary>
    public Hash256 PieceHash(int index) => Description.PieceCount == 1 ? Description.PiecesRoot!.Value : _pieceLayer[index];

    /// <summary>Writes a verified piece, and only then marks it as present.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void WritePiece(int index, ReadOnlySpan<byte> data)
    {
        try
        {
            RandomAccess.Write(_handle, data, (long)index * Description.PieceLength);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(Path, e);
        }

        MarkVerified(index);
    }

    public Bitfield GetHave()
    {
        lock (_lock)
        {
            return _have.Clone();
        }
    }

    public bool Has(int piece)
    {
        lock (_lock)
        {
            return _have[piece];
        }
    }

    public void Read(long offset, Span<byte> buffer) => SafeFile.ReadExactly(_handle, buffer, offset);

    public void Release()
    {
        // The download holds the file for as long as it runs.
    }

    /// <summary>Makes verified pieces durable, then writes the record that names them. Cheap if there are no new pieces.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void Record()
    {
        var have = GetHave();
        if (have.Count == _recorded || !KnowsHashes)
        {
            return;
        }

        var record = new PartFileRecord(_pieceLayer, have).Encode(Description);
        try
        {
            RandomAccess.FlushToDisk(_handle);
            RandomAccess.Write(_handle, record, Description.Size);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(Path, e);
        }

        _recorded = have.Count;
    }

    /// <summary>Cuts the record off, sets the attributes, and renames the whole file to its destination in one step; this object is not used afterwards.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DestinationInvalid, DiskFull or PathUnwritable.</exception>
    public FileStamp Finish(string destination, bool overwrite, EntryAttributes? attributes = null)
    {
        try
        {
            var finished = ExclusiveFile.TryFinish(
                _folder, System.IO.Path.GetFileName(Path), _handle, Description.Size, System.IO.Path.GetFileName(destination), overwrite, attributes ?? EntryAttributes.None)
                ?? throw Exists(destination);
            Dispose();
            return finished;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(destination, e);
        }
    }

    public void Dispose()
    {
        ExclusiveFile.Close(_handle);
        _folder.Dispose();
    }

    private static string PathFor(string destination) => destination + FileName.PartSuffix;

    private void MarkVerified(int index)
    {
        lock (_lock)
        {
            if (_have.Set(index))
            {
                BytesVerified += Description.PieceSize(index);
            }
        }
    }

    private Task VerifyAsync(Func<int, bool> which, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        return Parallel.ForAsync(0, Description.PieceCount, options, (index, _) =>
        {
            if (which(index) && IsIntact(index))
            {
                MarkVerified(index);
            }

            return ValueTask.CompletedTask;
        });
    }

    private PartFileRecord? ReadRecord()
    {
        var length = RandomAccess.GetLength(_handle) - Description.Size;
        if (length != PartFileRecord.Length(Description))
        {
            return null;
        }

        var record = new byte[length];
        SafeFile.ReadExactly(_handle, record, Description.Size);
        return PartFileRecord.TryDecode(record, Description);
    }

    // A stretch that was never written reads as zeros, at almost no cost. A piece that begins with zeros is fetched again.
    private bool IsWritten(int index)
    {
        Span<byte> beginning = stackalloc byte[512];
        var read = RandomAccess.Read(_handle, beginning, (long)index * Description.PieceLength);
        return beginning[..read].ContainsAnyExcept((byte)0);
    }

    private bool IsIntact(int index)
    {
        var length = Description.PieceSize(index);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var leaves = new Hash256[(length + PieceLength.Block - 1) / PieceLength.Block];
        try
        {
            SafeFile.ReadExactly(_handle, buffer.AsSpan(0, length), (long)index * Description.PieceLength);
            HashTree.HashBlocks(buffer.AsSpan(0, length), leaves);
            return HashTree.PieceHash(leaves, Description) == PieceHash(index);
        }
        catch (EndOfStreamException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
