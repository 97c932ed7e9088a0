using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>Passes what arrives from one source to its download.</summary>
internal sealed class SourceListener(SwarmFetch fetch, PieceReceiver receiver, LocalReuse reuse, DownloadSource source) : IChannelListener
{
    public void ReceiveBitfield(Bitfield has) => fetch.ReceiveBitfield(source, has);

    public void ReceiveHaves(int[] pieces) => fetch.ReceiveHaves(source, pieces);

    public void Reject(BlockRange range) => fetch.Reject(source, range);

    public void ReceiveHashes(HashRange range, Hash256[] hashes) => fetch.ReceiveHashes(source, range, hashes);

    public void RejectHashes() => fetch.RejectHashes(source);

    public void ReceiveTree(TreeRange range, Hash256[] hashes) => reuse.Walks.Receive(source, range, hashes);

    public void RejectTree(TreeRange range) => reuse.Walks.Reject(source, range);

    public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes) => reuse.Chunks.Receive(source, header, bytes);

    public void RejectMap() => reuse.Chunks.Reject(source);

    public void Refuse(CloseReason reason) => fetch.Refuse(source, reason);

    public void Lose() => fetch.Lose(source);

    public IncomingBlock? BeginReceive(PieceHeader header, int count) => receiver.Begin(source, header, count);

    public void AbortReceive(IncomingBlock block) => receiver.Abort((BlockRequest)block);

    public void EndReceive(IncomingBlock block, long since) => receiver.End(source, (BlockRequest)block, since);
}
