using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>A source over a channel of a connection. Two are equal if their channel is the same.</summary>
internal sealed record ChannelSource(ContentChannel Channel) : ISource
{
    public uint ChannelId => Channel.Id;

    public Hash256 Fingerprint => Channel.Connection.RemoteFingerprint;

    public IPEndPoint RemoteEndPoint => Channel.Connection.RemoteEndPoint;

    public bool IsOpenedHere => Channel.UserName is null;

    public bool IsDialled => Channel.Connection.IsDialled;

    public bool IsBulk => Channel.Connection.IsBulk;

    public bool IsDuplicate => Channel.Connection.IsDuplicate;

    public bool IsClosed => Channel.Connection.IsClosed;

    public TimeSpan PieceIdle => TimeSpan.FromMilliseconds(Channel.Connection.PieceIdleMilliseconds);

    public void Request(BlockRange range) => Channel.Connection.Request(range);

    public void Cancel(BlockRange range) => Channel.Connection.Cancel(range);

    public void RequestHashes(HashRange range) => Channel.Connection.RequestHashes(range);
}
