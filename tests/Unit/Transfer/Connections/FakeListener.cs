using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>A download that keeps what its channel reports, and takes every block.</summary>
internal sealed class FakeListener : IChannelListener
{
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Calls in their order, such as <c>haves 1,2</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    public ConcurrentQueue<Block> Received { get; } = [];

    /// <summary>Whether blocks are still needed.</summary>
    public bool TakesBlocks { get; init; } = true;

    public Task Lost => _lost.Task;

    public void ReceiveBitfield(Bitfield has) => Calls.Enqueue($"bitfield {has.Count}");

    public void ReceiveHaves(int[] pieces) => Calls.Enqueue($"haves {string.Join(',', pieces)}");

    public void Reject(BlockRange range) => Calls.Enqueue($"reject {range.Piece}");

    public void ReceiveHashes(HashRange range, Hash256[] hashes) => Calls.Enqueue($"hashes {range.Index}+{hashes.Length}");

    public void RejectHashes() => Calls.Enqueue("hashes rejected");

    public void ReceiveTree(TreeRange range, Hash256[] hashes) => Calls.Enqueue($"tree {range.Height}:{range.Index}+{hashes.Length}");

    public void RejectTree(TreeRange range) => Calls.Enqueue($"tree rejected {range.Height}:{range.Index}+{range.Count}");

    public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes) => Calls.Enqueue($"map {header.Offset}+{bytes.Length} of {header.Total}");

    public void RejectMap() => Calls.Enqueue("map rejected");

    public void Refuse(CloseReason reason) => Calls.Enqueue($"refused {reason}");

    public void Lose()
    {
        Calls.Enqueue("lost");
        _lost.TrySetResult();
    }

    public IncomingBlock? BeginReceive(PieceHeader header, int count) => header.Piece == 99
        ? throw new WireException("Bytes of piece 99 came that were not asked for.")
        : TakesBlocks ? new Block(header, new byte[count]) : null;

    public void AbortReceive(IncomingBlock block) => Calls.Enqueue($"aborted {((Block)block).Header.Piece}");

    public void EndReceive(IncomingBlock block, long since)
    {
        Received.Enqueue((Block)block);
        Calls.Enqueue($"block {((Block)block).Header.Piece}");
    }

    internal sealed class Block(PieceHeader header, byte[] bytes) : IncomingBlock
    {
        public PieceHeader Header => header;

        public byte[] Bytes => bytes;

        public override Memory<byte> Buffer => bytes;
    }
}
