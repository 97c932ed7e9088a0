using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A part file in memory; what was recorded is there again after it was opened anew.</summary>
internal sealed class MemoryPart(ContentDescription content) : IPartFile
{
    private readonly Lock _lock = new();
    private readonly byte[] _bytes = new byte[content.Size];
    private Bitfield _recorded = new(content.PieceCount);
    private Hash256[] _recordedLayer = [];
    private Bitfield _have = new(content.PieceCount);
    private Hash256[] _layer = [];
    private bool _isOpen;

    public ContentDescription Description => content;

    /// <summary>Thrown by the next write.</summary>
    public P2PShareException? WriteError { get; set; }

    /// <summary>Called before a piece is written.</summary>
    public Action<int> Writing { get; set; } = _ => { };

    /// <summary>Reads after which it has changed.</summary>
    public int ReadsLeft { get; set; } = int.MaxValue;

    public int Records { get; private set; }

    /// <summary>Called with a piece before it shares the storage of another file; null: the file system cannot do that.</summary>
    public Action<int>? Reflinking { get; set; }

    /// <summary>The pieces that were written.</summary>
    public ConcurrentBag<int> Written { get; } = [];

    /// <summary>The bytes of the finished file; null before.</summary>
    public byte[]? Finished { get; private set; }

    public long? Device => null;

    /// <summary>What the finished file was given; null before.</summary>
    public EntryAttributes? Attributes { get; private set; }

    public bool IsOpen => _isOpen;

    public IReadOnlyList<Hash256> PieceLayer => _layer;

    public bool KnowsHashes => content.PieceCount == 1 || _layer.Length > 0;

    public bool HoldsUnrecorded { get; set; }

    public long BytesVerified
    {
        get
        {
            lock (_lock)
            {
                return Enumerable.Range(0, content.PieceCount).Where(piece => _have[piece]).Sum(piece => (long)content.PieceSize(piece));
            }
        }
    }

    public MemoryPart Open()
    {
        if (_isOpen)
        {
            throw new P2PShareException(ErrorCode.DestinationInUse, "The part is in use.");
        }

        _isOpen = true;
        _have = new Bitfield(content.PieceCount);
        _layer = [];
        return this;
    }

    /// <summary>Puts bytes into the part that no record covers.</summary>
    public void PutUnrecorded(int piece, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(piece * content.PieceLength));
        HoldsUnrecorded = true;
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

    public void Read(long offset, Span<byte> buffer)
    {
        if (ReadsLeft-- == 0)
        {
            throw new P2PShareException(ErrorCode.SourceFileChanged, "It has changed.");
        }

        _bytes.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }

    public void Release()
    {
        // Nothing is open.
    }

    public Task RestoreAsync(CancellationToken cancellationToken)
    {
        _have = _recorded.Clone();
        _layer = _recordedLayer;
        return Task.CompletedTask;
    }

    public Task RestoreUnrecordedAsync(CancellationToken cancellationToken)
    {
        HoldsUnrecorded = false;
        for (var piece = 0; piece < content.PieceCount; piece++)
        {
            using var read = new ActivePiece(content, piece, content.PieceLength);
            var whole = read.Requests[0];
            Read((long)piece * content.PieceLength, whole.Buffer.Span);
            whole.Hash();
            if (read.ComputeHash(content) == PieceHash(piece))
            {
                _have.Set(piece);
            }
        }

        return Task.CompletedTask;
    }

    public void SetPieceLayer(Hash256[] layer) => _layer = layer;

    public void PrepareSpace()
    {
        foreach (var piece in Enumerable.Range(0, content.PieceCount).Where(piece => PieceHash(piece) == ZeroHashes.Piece(content, piece)))
        {
            _bytes.AsSpan(piece * content.PieceLength, content.PieceSize(piece)).Clear();
            lock (_lock)
            {
                _have.Set(piece);
            }
        }
    }

    public Hash256 PieceHash(int index) => content.PieceCount == 1 ? content.PiecesRoot!.Value : _layer[index];

    public void WritePiece(int index, ReadOnlySpan<byte> data)
    {
        ObjectDisposedException.ThrowIf(!_isOpen, this);
        if (WriteError is { } error)
        {
            throw error;
        }

        Writing(index);
        Written.Add(index);
        data.CopyTo(_bytes.AsSpan(index * content.PieceLength));
        lock (_lock)
        {
            _have.Set(index);
        }
    }

    public bool TryClone(SafeFileHandle from, long fromOffset, long offset, long length, CancellationToken cancellationToken) => false;

    public bool TryReflink(SafeFileHandle from, long fromOffset, long offset, long length)
    {
        if (Reflinking is null)
        {
            return false;
        }

        Reflinking((int)(offset / content.PieceLength));
        RandomAccess.Read(from, _bytes.AsSpan((int)offset, (int)length), fromOffset);
        return true;
    }

    public void MarkVerified(int index)
    {
        lock (_lock)
        {
            _have.Set(index);
        }
    }

    public bool TryVerify(int index) => Has(index);

    public void Record()
    {
        ObjectDisposedException.ThrowIf(!_isOpen, this);
        Records++;
        _recorded = GetHave();
        _recordedLayer = _layer;
    }

    public FileStamp Finish(string destination, bool overwrite, EntryAttributes? attributes)
    {
        Finished = _bytes;
        Attributes = attributes;
        return new FileStamp(_bytes.Length, DateTimeOffset.UnixEpoch, null);
    }

    public void Dispose() => _isOpen = false;
}
