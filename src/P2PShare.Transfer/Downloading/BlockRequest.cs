using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

internal enum BlockRequestState : byte
{
    Missing,
    Requested,
    Receiving,
    Received,
}

/// <summary>Some blocks of a piece that are requested with one message.</summary>
/// <param name="begin">Offset in the piece, in bytes; a multiple of the block.</param>
/// <param name="length">In bytes.</param>
internal sealed class BlockRequest(ActivePiece piece, int begin, int length) : IncomingBlock
{
    public ActivePiece Piece { get; } = piece;

    public int Begin { get; } = begin;

    public int Length { get; } = length;

    public BlockRequestState State { get; set; }

    /// <summary>The sources that have neither answered nor rejected it.</summary>
    public List<DownloadSource> RequestedFrom { get; } = [];

    /// <summary>Fingerprint of the peer that sent the bytes; null before they arrive.</summary>
    public Hash256? Sender { get; set; }

    public override Memory<byte> Buffer => Piece.GetBuffer(Begin, Length);

    public BlockRange ToRange(uint channel) => new(channel, Piece.Index, Begin, Length);

    /// <summary>Hashes its blocks while their bytes are still in the processor's cache.</summary>
    public void Hash() => Piece.HashBlocks(Begin, Length);
}
