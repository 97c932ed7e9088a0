using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>A piece on its way: its bytes so far, the hashes of its blocks, and who was asked for what.</summary>
internal sealed class ActivePiece : IDisposable
{
    private readonly Hash256[] _leaves;
    private byte[]? _buffer;

    /// <param name="requestLength">Bytes asked for at once: a multiple of the block, at most the piece length.</param>
    public ActivePiece(ContentDescription content, int index, int requestLength)
    {
        Index = index;
        Length = content.PieceSize(index);
        RequestLength = requestLength;
        _buffer = ArrayPool<byte>.Shared.Rent(Length);
        _leaves = new Hash256[(Length + PieceLength.Block - 1) / PieceLength.Block];
        Parts = new Part[(Length + requestLength - 1) / requestLength];
        for (var i = 0; i < Parts.Length; i++)
        {
            Parts[i] = new Part(this, i * requestLength, Math.Min(requestLength, Length - i * requestLength));
        }
    }

    public int Index { get; }

    public int Length { get; }

    public int RequestLength { get; }

    /// <summary>What is asked for at once, in order.</summary>
    public Part[] Parts { get; }

    /// <summary>Who fetches it; null where the one who did is lost.</summary>
    public DownloadSource? Owner { get; set; }

    /// <summary>Set after a failed hash of several senders: only one sender is asked, so that a second failure names it.</summary>
    public bool IsExclusive { get; init; }

    public ReadOnlySpan<byte> Data => _buffer.AsSpan(0, Length);

    public ReadOnlySpan<Hash256> Leaves => _leaves;

    public bool IsReceived => Parts.All(part => part.State == PartState.Received);

    public Memory<byte> BufferOf(Part part) => _buffer.AsMemory(part.Begin, part.Length);

    /// <summary>The part that begins there and has that length; null where none was ever asked for so.</summary>
    public Part? Find(int begin, int length)
    {
        var index = begin / RequestLength;
        return begin % RequestLength == 0 && index < Parts.Length && Parts[index].Length == length ? Parts[index] : null;
    }

    /// <summary>Hashes a part's blocks while its bytes are still in the cache.</summary>
    public void HashPart(Part part) =>
        HashTree.HashBlocks(_buffer.AsSpan(part.Begin, part.Length), _leaves.AsSpan(part.Begin / PieceLength.Block));

    /// <summary>The piece's hash over the blocks hashed before.</summary>
    public Hash256 ComputeHash(ContentDescription content)
    {
        Span<Hash256> leaves = [.. _leaves];
        return content.PieceCount == 1 ? HashTree.Root(leaves) : HashTree.PieceHash(leaves, content.PieceLength);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    internal enum PartState : byte
    {
        Missing,
        Requested,
        Receiving,
        Received,
    }

    internal sealed class Part(ActivePiece piece, int begin, int length) : IncomingBlock
    {
        public ActivePiece Piece { get; } = piece;

        public override Memory<byte> Buffer => Piece.BufferOf(this);

        public int Begin { get; } = begin;

        public int Length { get; } = length;

        public PartState State { get; set; }

        /// <summary>Those who were asked and have neither answered nor refused.</summary>
        public List<DownloadSource> AskedOf { get; } = [];

        /// <summary>Whose bytes these are.</summary>
        public Hash256? Sender { get; set; }
    }
}
