using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>Passes what arrives from one source to a comparison, which requests no blocks.</summary>
internal sealed class ComparisonListener(SwarmComparison comparison, LocalReuse reuse, DownloadSource source) : IChannelListener
{
    public void ReceiveBitfield(Bitfield has) => comparison.ReceiveBitfield(source, has);

    public void ReceiveHaves(int[] pieces) => comparison.ReceiveHaves(source, pieces);

    public void Reject(BlockRange range) => throw new WireException("A block was rejected that was not requested.");

    public void ReceiveHashes(HashRange range, Hash256[] hashes) => comparison.ReceiveHashes(source, range, hashes);

    public void RejectHashes() => comparison.RejectHashes(source);

    public void ReceiveTree(TreeRange range, Hash256[] hashes)
    {
        comparison.CountReceived(hashes.Length * Hash256.Size);
        reuse.Walks.Receive(source, range, hashes);
    }

    public void RejectTree(TreeRange range) => reuse.Walks.Reject(source, range);

    public void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes)
    {
        comparison.CountReceived(bytes.Length);
        reuse.Chunks.Receive(source, header, bytes);
    }

    public void RejectMap() => reuse.Chunks.Reject(source);

    public void Refuse(CloseReason reason) => comparison.Refuse(source, reason);

    public void Lose() => comparison.Lose(source);

    public IncomingBlock? BeginReceive(PieceHeader header, int count) => throw new WireException($"Bytes of piece {header.Piece} arrived that were not requested.");

    public void AbortReceive(IncomingBlock block)
    {
        // None begins.
    }

    public void EndReceive(IncomingBlock block, long since)
    {
        // None begins.
    }
}
