using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>A source over a channel of a connection.</summary>
internal sealed record ChannelSource(ContentChannel Channel) : ISource
{
    public uint ChannelId => Channel.Id;

    public Hash256 Fingerprint => Channel.RemoteFingerprint;

    public IPEndPoint RemoteEndPoint => Channel.Connection.RemoteEndPoint;

    public TcpPath? Path => Channel.Connection.Path;

    public Bitfield? RemoteHas => Channel.RemoteHas;

    public bool IsOpenedHere => Channel.UserName is null;

    public bool IsDialled => Channel.Connection.IsDialled;

    public bool IsBulk => Channel.Connection.IsBulk;

    public bool IsDuplicate => Channel.Connection.IsDuplicate;

    public bool IsClosed => Channel.Connection.IsClosed || Channel.Connection.Find(Channel.Id) != Channel;

    public CloseReason? RemoteReason => Channel.RemoteReason;

    public TimeSpan PieceIdle => Channel.Connection.PieceIdle;

    public Bitfield? Listen(IChannelListener listener) => Channel.SetListener(listener);

    public void StopListening() => Channel.ClearListener();

    public void Renew(SourceLocator.Sources found)
    {
        Channel.Connection.SendHello(found.Ticket);
        if (found.Find(Fingerprint) is { } source)
        {
            Channel.Renew(source);
        }
    }

    public void Request(BlockRange range) => Channel.Request(range);

    public void Cancel(BlockRange range) => Channel.Connection.Cancel(range);

    public void RequestHashes(HashRange range) => Channel.Connection.RequestHashes(range);

    public void RequestTree(TreeRange range) => Channel.Connection.RequestTree(range);

    public void RequestMap(MapRange range) => Channel.Connection.RequestMap(range);

    public void Close(CloseReason reason) => Channel.Connection.Close(Channel, reason);

    public void Disconnect(CloseReason reason) => Channel.Connection.Close(reason);

    public void Abort() => Channel.Connection.Dispose();
}
