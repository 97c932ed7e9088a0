using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>What is sent next to the other side: a part of the piece layer, hashes below it, a part of the chunk map, or else a block.</summary>
internal readonly record struct Answer(IBlockSource Source, BlockRange Block, HashRange? Hashes = null, TreeRange? Tree = null, MapRange? Map = null)
{
    /// <summary>Whether the block may be sent compressed.</summary>
    public bool AcceptsPacked { get; init; }
}
