using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// An unfinished file, <c>&lt;name&gt;.p2ppart</c> beside its destination: every piece at its final offset, and behind the
/// content's last byte a record of what was verified: magic, size, piece length, pieces root, piece layer, bitfield, and
/// the SHA-256 of all that. The record is written after the data it speaks of is durable, and a download that goes on
/// verifies every recorded piece again, so that neither a crash nor a change from outside ends in a wrong file. It is
/// held exclusively: a second download into the same destination is refused.
/// </summary>
internal sealed class PartFile : IPartFile
{
    private const int UnknownIOError = unchecked((int)0x80131620);

    private const int HeaderLength = 8 + 8 + 4 + 4 + Hash256.Size;

    private readonly SafeFileHandle _handle;
    private readonly Lock _lock = new();
    private readonly Bitfield _have;
    private Hash256[] _pieceLayer = [];
    private int _recorded;

    private PartFile(string path, SafeFileHandle handle, ContentDescription description)
    {
        Path = path;
        _handle = handle;
        Description = description;
        _have = new Bitfield(description.PieceCount);
    }

    private static ReadOnlySpan<byte> Magic => "P2PPART1"u8;

    public string Path { get; }

    public ContentDescription Description { get; }

    public IReadOnlyList<Hash256> PieceLayer => _pieceLayer;

    /// <summary>Verified bytes.</summary>
    public long BytesVerified { get; private set; }

    /// <summary>Opens or makes the part file for a destination, and reserves its space.</summary>
    /// <exception cref="P2PShareException">DestinationInUse, DiskFull, PathUnwritable.</exception>
    public static PartFile Open(string destination, ContentDescription description)
    {
        var path = destination + FileName.PartSuffix;
        SafeFileHandle? handle = null;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(destination)!);
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{path}' is a symbolic link. Remove it or choose another destination.");
            }

            handle = OpenOrCreate(path, description.Size + RecordLength(description));
            return new PartFile(path, handle, description);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            throw Explain(path, e);
        }
    }

    /// <summary>Whether some process holds the part file of a destination.</summary>
    public static bool IsHeld(string destination)
    {
        try
        {
            // Shared with others who look, and refused where somebody holds it alone.
            File.OpenHandle(destination + FileName.PartSuffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Explain(destination, e).Code == ErrorCode.DestinationInUse;
        }
    }

    /// <summary>Deletes the part file of a destination, unless somebody writes to it. Nothing happens where there is none.</summary>
    /// <exception cref="P2PShareException">DestinationInUse, PathUnwritable.</exception>
    public static void Delete(string destination)
    {
        var path = destination + FileName.PartSuffix;
        try
        {
            // Held while it goes: nobody begins to write to what is about to vanish.
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Delete);
            File.Delete(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // There is nothing to delete.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(path, e);
        }
    }

    /// <summary>
    /// Whether there are bytes without a record that could be read: a crash came before the first one, or the file was
    /// cut or changed. They are worth looking at once the hashes are known.
    /// </summary>
    public bool HoldsUnrecorded { get; private set; }

    /// <summary>
    /// Verifies what an earlier download recorded, and what it may have written since: one that is killed every few seconds
    /// still comes to its end. Pieces that are not right are left out.
    /// </summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        if (ReadRecord() is var (layer, recorded))
        {
            _pieceLayer = layer;
            await VerifyAsync(index => recorded[index] || IsWritten(index), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            HoldsUnrecorded = RandomAccess.GetLength(_handle) > 0;
        }
    }

    /// <summary>Verifies whatever the file holds, now that the hashes are known.</summary>
    public async Task RestoreUnrecordedAsync(CancellationToken cancellationToken)
    {
        HoldsUnrecorded = false;
        await VerifyAsync(_ => true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps a piece layer that was held against the pieces root.</summary>
    public void SetPieceLayer(Hash256[] layer) => _pieceLayer = layer;

    /// <summary>What piece <paramref name="index"/> has to hash to.</summary>
    public Hash256 PieceHash(int index) => Description.PieceCount == 1 ? Description.PiecesRoot!.Value : _pieceLayer[index];

    /// <summary>Whether pieces can be verified yet.</summary>
    public bool KnowsHashes => Description.PieceCount == 1 || _pieceLayer.Length > 0;

    /// <summary>Writes a piece whose hash was right, and only then says that it is there.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void WritePiece(int index, ReadOnlySpan<byte> data)
    {
        try
        {
            RandomAccess.Write(_handle, data, (long)index * Description.PieceLength);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(Path, e);
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

    public void Read(long offset, Span<byte> buffer) => SourceFile.ReadExactly(_handle, buffer, offset);

    public void Release()
    {
        // The download holds the file as long as it runs.
    }

    /// <summary>Makes verified pieces durable, then the record that names them. Cheap where nothing is new.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    public void Record()
    {
        var have = GetHave();
        if (have.Count == _recorded || !KnowsHashes)
        {
            return;
        }

        var layerBytes = MemoryMarshal.AsBytes<Hash256>(_pieceLayer);
        var record = new byte[HeaderLength + layerBytes.Length + have.Bytes.Length + SHA256.HashSizeInBytes];
        Magic.CopyTo(record);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(8), Description.Size);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(16), Description.PieceLength);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(20), _pieceLayer.Length);
        Description.PiecesRoot!.Value.CopyTo(record.AsSpan(24));
        layerBytes.CopyTo(record.AsSpan(HeaderLength));
        have.Bytes.CopyTo(record.AsSpan(HeaderLength + layerBytes.Length));
        SHA256.HashData(record.AsSpan(0, record.Length - SHA256.HashSizeInBytes), record.AsSpan(record.Length - SHA256.HashSizeInBytes));
        try
        {
            RandomAccess.FlushToDisk(_handle);
            RandomAccess.Write(_handle, record, Description.Size);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(Path, e);
        }

        _recorded = have.Count;
    }

    /// <summary>Cuts the record off and gives the whole file its name in one step; this object is not used after it.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DiskFull or PathUnwritable.</exception>
    public void Finish(string destination, bool overwrite)
    {
        if (!overwrite && File.Exists(destination))
        {
            throw Exists(destination);
        }

        try
        {
            RandomAccess.SetLength(_handle, Description.Size);
            if (OperatingSystem.IsWindows())
            {
                // An open file cannot be renamed there.
                _handle.Dispose();
            }

            // Elsewhere it stays locked until it has its name: nobody takes it for a part in between.
            File.Move(Path, destination, overwrite);
            _handle.Dispose();
        }
        catch (IOException e) when (!overwrite && File.Exists(destination))
        {
            throw Exists(destination, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Explain(destination, e);
        }
    }

    public static P2PShareException Exists(string destination, Exception? inner = null) => new(
        ErrorCode.DestinationExists, $"'{destination}' exists already. Use -Force to replace it, or choose another destination.", inner);

    public void Dispose() => _handle.Dispose();

    private static int RecordLength(ContentDescription description) =>
        HeaderLength + LayerCount(description) * Hash256.Size + Bitfield.ByteCount(description.PieceCount) + SHA256.HashSizeInBytes;

    private static int LayerCount(ContentDescription description) => description.PieceCount > 1 ? description.PieceCount : 0;

    private static SafeFileHandle OpenOrCreate(string path, long size)
    {
        const int WindowsFileExists = unchecked((int)0x80070050);
        const int UnixFileExists = 17;
        while (true)
        {
            var isNew = !File.Exists(path);
            try
            {
                // Space is reserved at once: a disk that is too full says so now, and writing is faster.
                var handle = isNew
                    ? File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, size)
                    : File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                if (File.Exists(path))
                {
                    return handle;
                }

                // Another download was about to give it its final name: this would write into the finished file.
                handle.Dispose();
            }
            catch (IOException e) when (isNew ? e.HResult is WindowsFileExists or UnixFileExists && !Directory.Exists(path) : e is FileNotFoundException)
            {
                // Another download into the same place made or finished it in between.
            }
            catch (IOException e) when (isNew && e.HResult == UnknownIOError && IsTooFull(path, size))
            {
                throw DiskFull(path, e);
            }
        }
    }

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
            if (which(index) && IsRight(index))
            {
                MarkVerified(index);
            }

            return ValueTask.CompletedTask;
        });
    }

    private (Hash256[] Layer, Bitfield Have)? ReadRecord()
    {
        var length = RandomAccess.GetLength(_handle) - Description.Size;
        var layerCount = LayerCount(Description);
        var bitfieldLength = Bitfield.ByteCount(Description.PieceCount);
        if (length != RecordLength(Description))
        {
            return null;
        }

        var record = new byte[length];
        SourceFile.ReadExactly(_handle, record, Description.Size);
        var layerBytes = record.AsSpan(HeaderLength, layerCount * Hash256.Size);
        if (!record.AsSpan(0, 8).SequenceEqual(Magic)
            || BinaryPrimitives.ReadInt64BigEndian(record.AsSpan(8)) != Description.Size
            || BinaryPrimitives.ReadInt32BigEndian(record.AsSpan(16)) != Description.PieceLength
            || BinaryPrimitives.ReadInt32BigEndian(record.AsSpan(20)) != layerCount
            || new Hash256(record.AsSpan(24, Hash256.Size)) != Description.PiecesRoot
            || !SHA256.HashData(record.AsSpan(0, record.Length - SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(record.AsSpan(record.Length - SHA256.HashSizeInBytes)))
        {
            return null;
        }

        var layer = MemoryMarshal.Cast<byte, Hash256>(layerBytes).ToArray();
        if (layerCount > 0 && !HashTree.IsLayerOf(Description.PiecesRoot!.Value, layer, Description.PieceLength))
        {
            return null;
        }

        return (layer, Bitfield.FromBytes(record.AsSpan(HeaderLength + layerBytes.Length, bitfieldLength), Description.PieceCount));
    }

    // Where nothing was written a file reads as zeros, and costs next to nothing. A piece that begins with zeros is fetched again.
    private bool IsWritten(int index)
    {
        Span<byte> beginning = stackalloc byte[512];
        var read = RandomAccess.Read(_handle, beginning, (long)index * Description.PieceLength);
        return beginning[..read].ContainsAnyExcept((byte)0);
    }

    private bool IsRight(int index)
    {
        var length = Description.PieceSize(index);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var leaves = new Hash256[(length + PieceLength.Block - 1) / PieceLength.Block];
        try
        {
            SourceFile.ReadExactly(_handle, buffer.AsSpan(0, length), (long)index * Description.PieceLength);
            HashTree.HashBlocks(buffer.AsSpan(0, length), leaves);
            var hash = Description.PieceCount == 1 ? HashTree.Root(leaves) : HashTree.PieceHash(leaves, Description.PieceLength);
            return hash == PieceHash(index);
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

    // The runtime gives no number of its own to a reservation that failed; a file system may refuse it for the size alone.
    private static bool IsTooFull(string path, long size) => new DriveInfo(System.IO.Path.GetDirectoryName(path)!).AvailableFreeSpace < size;

    private static P2PShareException DiskFull(string path, Exception e) => new(
        ErrorCode.DiskFull, $"There is no space left for '{path}'. What was verified is kept: free some space and run the same command again.", e);

    private static P2PShareException Explain(string path, Exception e)
    {
        const int WindowsSharingViolation = unchecked((int)0x80070020);
        const int WindowsDiskFull = unchecked((int)0x80070070);
        const int LinuxNoSpace = 28;
        const int LinuxQuota = 122;
        const int WouldBlock = 11;
        return e.HResult switch
        {
            WindowsDiskFull or LinuxNoSpace or LinuxQuota => DiskFull(path, e),
            WindowsSharingViolation or WouldBlock => new P2PShareException(
                ErrorCode.DestinationInUse, $"'{path}' is in use: another download writes to it. Wait for that one, or choose another destination.", e),
            _ => new P2PShareException(ErrorCode.PathUnwritable, $"'{path}' cannot be written: {e.Message}", e),
        };
    }
}
