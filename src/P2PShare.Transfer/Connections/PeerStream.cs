using System.Net.Security;

namespace P2PShare.Transfer.Connections;

/// <summary>TLS over a network stream that shows whether a long write moves.</summary>
internal sealed class PeerStream(ReadAheadStream network) : SslStream(network), IWriteProgress
{
    public long WriteSteps => network.WriteSteps;

    /// <inheritdoc cref="ReadAheadStream.Path"/>
    public TcpPath? Path => network.Path;
}
