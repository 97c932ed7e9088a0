using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>Does what the messages about chunk maps ask for. Called by <see cref="PeerMessageHandler"/>.</summary>
internal sealed class MapMessageHandler(PeerConnection connection, ConnectionContext context)
{
    /// <exception cref="WireException">The message breaks the protocol.</exception>
    public void Handle(MessageId id, ReadOnlySpan<byte> body)
    {
        switch (id)
        {
            case MessageId.MapRequest:
                ReceiveRequest(MapRange.Read(body));
                break;
            case MessageId.Map:
                var header = MapHeader.Read(body);
                connection.Find(header.Channel)?.Listener?.ReceiveMap(header, body[MapHeader.Length..]);
                break;
            case MessageId.MapReject:
                connection.Find(MapRange.Read(body).Channel)?.Listener?.RejectMap();
                break;
            default:
                throw new WireException($"{id} is not expected here.");
        }
    }

    private void ReceiveRequest(MapRange range)
    {
        if (connection.Find(range.Channel) is not { } channel || context.Maps?.Has(channel.Content.PiecesRoot) != true || !connection.TrySend(channel, range))
        {
            connection.Send(range, MessageId.MapReject);
        }
    }
}
