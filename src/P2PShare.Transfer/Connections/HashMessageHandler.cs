using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Connections;

/// <summary>Does what the messages about hashes ask for. Called by <see cref="PeerMessageHandler"/>.</summary>
internal sealed class HashMessageHandler(PeerConnection connection)
{
    /// <exception cref="WireException">The message breaks the protocol.</exception>
    public void Handle(MessageId id, ReadOnlySpan<byte> body)
    {
        switch (id)
        {
            case MessageId.HashRequest:
                ReceiveHashRequest(HashRange.Read(body));
                break;
            case MessageId.Hashes:
                var range = HashRange.Read(body);
                if (connection.Find(range.Channel)?.Listener is { } listener)
                {
                    listener.ReceiveHashes(range, range.ReadHashes(body));
                }

                break;
            case MessageId.HashReject:
                connection.Find(HashRange.Read(body).Channel)?.Listener?.RejectHashes();
                break;
            case MessageId.TreeRequest:
                ReceiveTreeRequest(TreeRange.Read(body));
                break;
            case MessageId.TreeHashes:
                var nodes = TreeRange.Read(body);
                connection.Find(nodes.Channel)?.Listener?.ReceiveTree(nodes, nodes.ReadHashes(body));
                break;
            case MessageId.TreeReject:
                var rejected = TreeRange.Read(body);
                connection.Find(rejected.Channel)?.Listener?.RejectTree(rejected);
                break;
            default:
                throw new WireException($"{id} is not expected here.");
        }
    }

    private void ReceiveHashRequest(HashRange range)
    {
        var channel = connection.Find(range.Channel);
        if (channel is null || range.Index + range.Count > channel.Content.PieceLayer.Count || !connection.TrySend(channel, range))
        {
            connection.Send(range, MessageId.HashReject);
        }
    }

    private void ReceiveTreeRequest(TreeRange range)
    {
        if (connection.Find(range.Channel) is { } channel)
        {
            var content = channel.Content.Description;
            var piece = PieceTree.FindPiece(content, range.Height, range.Index, range.Count)
                ?? throw new WireException($"A tree request is not for nodes of one piece: {range.Count} of the height {range.Height} from {range.Index} on.");
            if (channel.Content.Has(piece) && (content.PieceCount == 1 || channel.Content.PieceLayer.Count > 0) && connection.TrySend(channel, range))
            {
                return;
            }
        }

        connection.Send(range, MessageId.TreeReject);
    }
}
