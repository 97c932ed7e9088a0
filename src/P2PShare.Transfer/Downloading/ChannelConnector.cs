using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Opens channels on connections to peers.</summary>
/// <param name="reversal">Connects to peers that cannot be dialled, too.</param>
/// <param name="content">The content that the channels are for.</param>
/// <param name="group">The group of the tickets that are shown.</param>
internal sealed class ChannelConnector(IPeerConnector peers, ConnectionReversal reversal, IServedContent content, GroupIdentity group) : ISourceConnector
{
    public async Task<ISource> ConnectAsync(SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken) =>
        Open(await reversal.ConnectAsync(peer, group, content.PiecesRoot, cancellationToken).ConfigureAwait(false), found.Ticket, found.Of(peer));

    public async Task<ISource?> ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound)
    {
        var connection = await peers.DialBulkAsync(((ChannelSource)first).Channel.Connection).ConfigureAwait(false);
        if (connection is null)
        {
            return null;
        }

        if (getFound() is { } found && found.Find(first.Fingerprint) is { } source)
        {
            return Open(connection, found.Ticket, source);
        }

        connection.Close(CloseReason.Done);
        return null;
    }

    public ISource? TryReuse(Hash256 fingerprint, SourceLocator.Sources found) =>
        found.Find(fingerprint) is { } source && peers.Find(fingerprint) is { } connection ? Open(connection, found.Ticket, source) : null;

    private ChannelSource Open(PeerConnection connection, string ticket, ListedSource source)
    {
        connection.SendHello(ticket);
        return new ChannelSource(connection.Open(content, group, source));
    }
}
