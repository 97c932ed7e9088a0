using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

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
    private readonly PartSpace _space;
    private readonly ReplacedFile? _replaced;
    private readonly UnixFileMode? _mode;
    private readonly Lock _lock = new();
    private readonly Bitfield _have;
    private Hash256[] _pieceLayer = [];
    private int _recorded;
    private bool _isFinishing;

    private PartFile(SafeFolder folder, string path, SafeFileHandle handle, ContentDescription description, bool isNew, ReplacedFile? replaced, UnixFileMode? mode)
    {
        _folder = folder;
        Path = path;
        _handle = handle;
        _space = new PartSpace(folder, System.IO.Path.GetFileName(path), handle, description, isNew);
        (_replaced, _mode) = (replaced, mode);
        Description = description;
        _have = new Bitfield(description.PieceCount);
    }

    public string Path { get; }

    public ContentDescription Description { get; }

    public IReadOnlyList<Hash256> PieceLayer => _pieceLayer;

    public long? Device => SafeFile.Status(_handle, Path).Stamp.Identity?.Device;

    /// <summary>Verified bytes.</summary>
    public long BytesVerified { get; private set; }

    /// <summary>
    /// Whether the file has bytes but no readable record: a crash came before the first record, or the file was cut or changed.
    /// They are worth verifying once the hashes are known.
    /// </summary>
    public bool HoldsUnrecorded { get; private set; }

    /// <summary>Whether pieces can be verified yet.</summary>
    public bool KnowsHashes => Description.PieceCount == 1 || _pieceLayer.Length > 0;

    /// <summary>Opens or creates the part file of a destination.</summary>
    /// <param name="root">
    /// The folder above the destination that a person named: no link between the two is followed. Null: the destination's own folder.
    /// </param>
    /// <param name="inPlace">Whether a file at the destination becomes the part file.</param>
    /// <exception cref="P2PShareException">DestinationInUse, DestinationInvalid, PathUnwritable.</exception>
    public static PartFile Open(string destination, ContentDescription description, string? root = null, bool inPlace = false)
    {
        var path = PathFor(destination);
        SafeFolder? folder = null;
        ReplacedFile? replaced = null;
        try
        {
            var parent = System.IO.Path.GetDirectoryName(destination)!;
            folder = SafeFolder.OpenBelow(root ?? parent, parent, make: true);
            replaced = inPlace ? ReplacedFile.TryTake(folder, System.IO.Path.GetFileName(destination)) : null;
            var handle = ExclusiveFile.Open(folder, System.IO.Path.GetFileName(path), out var isNew);
            // What a file's permissions were before it was updated in place is not known after a crash: then it is for its owner alone.
            return new PartFile(folder, path, handle, description, isNew, replaced, replaced?.Mode ?? (inPlace && !isNew ? PrivateFile.Mode : null));
        }
        catch (Exception e)
        {
            replaced?.TryRestore(null);
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
        var record = PartFileRecord.Read(_handle, Description);
        _pieceLayer = record?.PieceLayer ?? [];
        if (!KnowsHashes)
        {
            HoldsUnrecorded = RandomAccess.GetLength(_handle) > 0;
            return;
        }

        var isEmpty = RandomAccess.GetLength(_handle) == 0;
        PrepareSpace();
        if (!isEmpty)
        {
            await VerifyAsync(index => record?.Have[index] == true || _space.IsWritten(index), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Verifies every piece in the file, once the hashes are known.</summary>
    public async Task RestoreUnrecordedAsync(CancellationToken cancellationToken)
    {
        HoldsUnrecorded = false;
        await VerifyAsync(index => !OperatingSystem.IsLinux() || _space.IsWritten(index), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sets the piece layer.</summary>
    /// <param name="layer">Checked against the pieces root.</param>
    public void SetPieceLayer(Hash256[] layer) => _pieceLayer = layer;

    /// <summary>Marks the pieces of zeros as present, which are holes, and reserves the space of the others if the file is new.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void PrepareSpace()
    {
        IReadOnlyList<int> zeros = [];
        Write(() => zeros = _space.Prepare(PieceHash));
        foreach (var piece in zeros)
        {
            MarkVerified(piece);
        }
    }

    /// <summary>The expected hash of piece <paramref name="index"/>.</summary>
    public Hash256 PieceHash(int index) => Description.PieceCount == 1 ? Description.PiecesRoot!.Value : _pieceLayer[index];

    /// <summary>Writes a verified piece, and only then marks it as present.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void WritePiece(int index, ReadOnlySpan<byte> data)
    {
        try
        {
            _space.Write(index, data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(Path, e);
        }

        MarkVerified(index);
    }

    public bool TryClone(SafeFileHandle from, long fromOffset, long offset, long length, CancellationToken cancellationToken)
    {
        var isCloned = false;
        Write(() => isCloned = _space.TryClone(from, fromOffset, offset, length, cancellationToken));
        return isCloned;
    }

    public bool TryReflink(SafeFileHandle from, long fromOffset, long offset, long length) => _space.TryReflink(from, fromOffset, offset, length);

    public bool TryVerify(int index)
    {
        try
        {
            if (RangeHasher.HashPiece(_handle, Description, index) == PieceHash(index))
            {
                MarkVerified(index);
                return true;
            }
        }
        catch (EndOfStreamException)
        {
            // It was cut.
        }

        return false;
    }

    public void MarkVerified(int index)
    {
        lock (_lock)
        {
            if (_have.Set(index))
            {
                BytesVerified += Description.PieceSize(index);
            }
        }
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

    public void Record()
    {
        var have = GetHave();
        if (have.Count == _recorded || !KnowsHashes || IsUntouched)
        {
            return;
        }

        Write(() => new PartFileRecord(_pieceLayer, have).Write(_handle, Description));
        _recorded = have.Count;
    }

    /// <summary>Cuts the record off, sets the attributes, and renames the whole file to its destination in one step; this object is not used afterwards.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DestinationInvalid, DiskFull or PathUnwritable.</exception>
    public FileStamp Finish(string destination, bool overwrite, EntryAttributes? attributes = null)
    {
        _isFinishing = true;
        try
        {
            var finished = ExclusiveFile.TryFinish(
                _folder, System.IO.Path.GetFileName(Path), _handle, Description.Size, System.IO.Path.GetFileName(destination), overwrite, attributes ?? EntryAttributes.None, _mode)
                ?? throw Exists(destination);
            Dispose();
            return finished;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(destination, e);
        }
    }

    /// <summary>Closes the file. One that was to be updated in place, and was not changed, gets its name back.</summary>
    public void Dispose()
    {
        if (IsUntouched && !_handle.IsClosed && _space.TryKeep())
        {
            _replaced!.TryRestore(_handle);
        }

        ExclusiveFile.Close(_handle);
        _folder.Dispose();
    }

    // Of a file that is updated in place: whether it has its own bytes still.
    private bool IsUntouched => _replaced is not null && !_space.IsChanged && !_isFinishing;

    private static string PathFor(string destination) => destination + FileName.PartSuffix;

    private void Write(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FileErrors.Unwritable(Path, e);
        }
    }

    private Task VerifyAsync(Func<int, bool> which, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        return Parallel.ForAsync(0, Description.PieceCount, options, (index, _) =>
        {
            if (!Has(index) && which(index))
            {
                TryVerify(index);
            }

            return ValueTask.CompletedTask;
        });
    }
}
