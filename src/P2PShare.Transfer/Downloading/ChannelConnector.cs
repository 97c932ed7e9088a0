using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>Opens channels on connections to peers.</summary>
/// <param name="content">The content that the channels are for.</param>
/// <param name="group">The group of the tickets that are shown.</param>
internal sealed class ChannelConnector(IPeerConnector peers, IServedContent content, GroupIdentity group) : ISourceConnector
{
    public async Task<ISource> ConnectAsync(SourcePeer peer, string ticket, CancellationToken cancellationToken) =>
        Open(await peers.ConnectAsync(peer, cancellationToken).ConfigureAwait(false), ticket);

    public async Task<ISource?> ConnectBulkAsync(ISource first, Func<string?> getTicket)
    {
        var connection = await peers.DialBulkAsync(((ChannelSource)first).Channel.Connection).ConfigureAwait(false);
        if (connection is null)
        {
            return null;
        }

        if (getTicket() is { } ticket)
        {
            return Open(connection, ticket);
        }

        connection.Close(CloseReason.Done);
        return null;
    }

    public ISource? TryReuse(Hash256 fingerprint, string ticket) => peers.Find(fingerprint) is { } connection ? Open(connection, ticket) : null;

    private ChannelSource Open(PeerConnection connection, string ticket)
    {
        connection.SendHello(ticket);
        return new ChannelSource(connection.Open(content, group));
    }
}
