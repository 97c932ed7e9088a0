using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A listener that reacts to the loss of its channel only.</summary>
internal sealed class LossListener(Action lost) : IChannelListener
{
    public void ReceiveBitfield(Bitfield has) => throw new NotSupportedException();

    public void ReceiveHaves(int[] pieces) => throw new NotSupportedException();

    public void Reject(BlockRange range) => throw new NotSupportedException();

    public void ReceiveHashes(HashRange range, Hash256[] hashes) => throw new NotSupportedException();

    public void RejectHashes() => throw new NotSupportedException();

    public void ReceiveTree(TreeRange range, Hash256[] hashes) => throw new NotSupportedException();

    public void RejectTree(TreeRange range) => throw new NotSupportedException();

    public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    public void RejectMap() => throw new NotSupportedException();

    public void Refuse(CloseReason reason) => throw new NotSupportedException();

    public void Lose() => lost();

    public IncomingBlock? BeginReceive(PieceHeader header, int count) => throw new NotSupportedException();

    public void AbortReceive(IncomingBlock block) => throw new NotSupportedException();

    public void EndReceive(IncomingBlock block, long since) => throw new NotSupportedException();
}
