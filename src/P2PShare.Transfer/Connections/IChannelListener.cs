using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The download that fetches over a channel. The connection calls it from its reading loop, one call at a time, except for
/// <see cref="Lose"/>, which may come from any thread.
/// </summary>
internal interface IChannelListener
{
    void ReceiveBitfield(Bitfield has);

    void ReceiveHaves(int[] pieces);

    /// <summary>The other side will not answer a request.</summary>
    /// <exception cref="WireException">It was never sent.</exception>
    void Reject(BlockRange range);

    /// <exception cref="WireException">The hashes were not requested.</exception>
    void ReceiveHashes(HashRange range, Hash256[] hashes);

    /// <summary>The other side has no piece layer to send.</summary>
    void RejectHashes();

    /// <exception cref="WireException">The hashes were not requested.</exception>
    void ReceiveTree(TreeRange range, Hash256[] hashes);

    /// <summary>The other side will not answer a tree request.</summary>
    /// <exception cref="WireException">It was never sent.</exception>
    void RejectTree(TreeRange range);

    /// <summary>A part of the chunk map arrived.</summary>
    /// <exception cref="WireException">It was not requested.</exception>
    void ReceiveMap(MapHeader header, ReadOnlySpan<byte> bytes);

    /// <summary>The other side has no chunk map to send.</summary>
    void RejectMap();

    /// <summary>The other side closed the channel, or the connection for a reason that concerns this download.</summary>
    void Refuse(CloseReason reason);

    /// <summary>The channel or its connection is gone.</summary>
    void Lose();

    /// <summary>The bytes of a block begin to arrive.</summary>
    /// <param name="count">Bytes of the block.</param>
    /// <returns>Where to put them; null if they are not needed any more and must be skipped.</returns>
    /// <exception cref="WireException">The block was never requested.</exception>
    IncomingBlock? BeginReceive(PieceHeader header, int count);

    /// <summary>The connection broke before the block was complete.</summary>
    void AbortReceive(IncomingBlock block);

    /// <param name="since">When this side began to wait for the block: a timestamp of the peer server's clock.</param>
    void EndReceive(IncomingBlock block, long since);
}
