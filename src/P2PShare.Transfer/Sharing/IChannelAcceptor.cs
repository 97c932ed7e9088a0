using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Sharing;

/// <summary>A running download, which fetches over the channels that other peers open.</summary>
internal interface IChannelAcceptor
{
    /// <summary>Takes a channel as a source; does nothing if it has it already.</summary>
    void Attach(ContentChannel channel);
}
