using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>Does what the messages of the other side ask for. One loop calls it.</summary>
internal sealed class PeerMessageHandler(PeerConnection connection, ConnectionContext context)
{
    private const int MaxChannels = 1024;

    private readonly HashMessageHandler _hashes = new(connection);
    private readonly MapMessageHandler _maps = new(connection, context);

    /// <summary>The dialling side has to show a valid ticket before anything else.</summary>
    /// <exception cref="WireException">It has not.</exception>
    public void RequireHello(MessageId id)
    {
        if (!connection.IsGreeted && !connection.IsDialled && id is not (MessageId.Hello or MessageId.KeepAlive))
        {
            throw new WireException($"{id} came before hello.");
        }
    }

    /// <summary>Checks a ticket. An invalid one closes the connection.</summary>
    /// <returns>False if this side is about to end the connection.</returns>
    public async ValueTask<bool> GreetAsync(HelloMessage hello)
    {
        if (hello.Version != HelloMessage.CurrentVersion)
        {
            context.Logger.VersionRefused(connection.RemoteEndPoint, hello.Version, HelloMessage.CurrentVersion);
            connection.Close(CloseReason.VersionUnknown);
            return false;
        }

        var (ticket, problem) = await context.Access.ValidateAsync(hello.Ticket, connection.RemoteCertificateHash).ConfigureAwait(false);
        if (ticket is null)
        {
            context.Metrics.Refused("ticket");
            context.Logger.TicketRefused(connection.RemoteEndPoint, problem);
            connection.Close(CloseReason.TicketRefused);
            return false;
        }

        if (!connection.TryAdd(ticket))
        {
            context.Metrics.Refused("full");
            context.Logger.ConnectionNotAdmitted(connection.RemoteEndPoint, ticket.UserName);
            connection.Close(CloseReason.Busy);
            return false;
        }

        return true;
    }

    /// <summary>Handles any message except hello and piece.</summary>
    /// <returns>False if the other side ended the connection.</returns>
    /// <exception cref="WireException">The message breaks the protocol.</exception>
    public bool Handle(MessageId id, ReadOnlySpan<byte> body)
    {
        switch (id)
        {
            case MessageId.KeepAlive:
                break;
            case MessageId.Open:
                Open(OpenMessage.Read(body));
                break;
            case MessageId.Close:
                return Close(CloseMessage.Read(body));
            case MessageId.HaveAll or MessageId.HaveNone or MessageId.Bitfield:
                ReceiveBitfield(id, body);
                break;
            case MessageId.Have:
                var (channelId, pieces) = HaveMessage.Read(body);
                ReceiveHaves(channelId, pieces);
                break;
            case MessageId.Request or MessageId.PackedRequest:
                ReceiveRequest(BlockRange.Read(body), acceptsPacked: id == MessageId.PackedRequest);
                break;
            case MessageId.Cancel:
                var cancelled = BlockRange.Read(body);
                if (connection.TryRemoveBlock(cancelled))
                {
                    connection.Send(cancelled, MessageId.Reject);
                }

                break;
            case MessageId.Reject:
                var rejected = BlockRange.Read(body);
                connection.Find(rejected.Channel)?.Listener?.Reject(rejected);
                break;
            case MessageId.HashRequest or MessageId.Hashes or MessageId.HashReject or MessageId.TreeRequest or MessageId.TreeHashes or MessageId.TreeReject:
                _hashes.Handle(id, body);
                break;
            case MessageId.Get:
                var (group, wanted) = GetMessage.Read(body);
                connection.Answers.Add(group, wanted);
                break;
            case MessageId.Content:
                var root = ContentMessage.ReadRoot(body);
                Requester(root).Receive(root, body[Hash256.Size..]);
                break;
            case MessageId.GetReject:
                var (reason, refused) = GetRejectMessage.Read(body);
                Requester(refused[0]).Refuse(reason, refused);
                break;
            case MessageId.MapRequest or MessageId.Map or MessageId.MapReject:
                _maps.Handle(id, body);
                break;
            default:
                throw new WireException($"{id} is not expected here.");
        }

        return true;
    }

    private IContentListener Requester(Hash256 root) =>
        connection.ContentListener ?? throw new WireException($"An answer came for content {root}, which was not requested.");

    private void Open(OpenMessage open)
    {
        var isTheirs = open.Channel % 2 == (connection.IsDialled ? 0 : 1) && open.Channel != 0;
        if (!isTheirs || connection.Find(open.Channel) is not null)
        {
            throw new WireException($"Channel {open.Channel} cannot be opened by this side, or is open already.");
        }

        if (FindRefusal(open, out var content, out var ticket) is { } reason)
        {
            connection.Send(new CloseMessage(open.Channel, reason));
            return;
        }

        var channel = new ContentChannel(connection, context, open.Channel, content!, new GroupIdentity(ticket!.GroupId, ticket.GroupName), ticket);
        connection.Add(channel);
        channel.SendBitfield();
        content!.Accept(channel);
    }

    // Null if the content may be opened.
    private CloseReason? FindRefusal(OpenMessage open, out IServedContent? content, out Ticket? ticket)
    {
        (content, ticket) = (null, null);
        // A channel costs memory, and a second one of the same content shows nothing that the first one does not.
        if (connection.ChannelCount >= MaxChannels || IsOpenByRemote(open.PiecesRoot, open.GroupId))
        {
            return CloseReason.Busy;
        }

        if (context.Access.FindRefusal(connection.Tickets, open.PiecesRoot, open.GroupId, out ticket) is { } reason)
        {
            return reason;
        }

        content = context.Contents.Find(open.PiecesRoot, open.GroupId);
        return content is null ? CloseReason.NotOffered : null;
    }

    private bool IsOpenByRemote(Hash256 piecesRoot, Guid group) =>
        connection.Channels.Any(channel => channel.Ticket is not null && channel.Group.Id == group && channel.Content.PiecesRoot == piecesRoot);

    private bool Close(CloseMessage close)
    {
        if (close.Channel == 0)
        {
            connection.EndByRemote(close.Reason);
            return false;
        }

        connection.Find(close.Channel)?.Refuse(close.Reason);
        connection.Drop(close.Channel);
        return true;
    }

    private void ReceiveBitfield(MessageId id, ReadOnlySpan<byte> body)
    {
        if (connection.Find(BitfieldMessage.ReadChannel(body)) is not { } channel)
        {
            return;
        }

        if (channel.RemoteHas is not null)
        {
            throw new WireException("A second bitfield came for one channel.");
        }

        var bits = BitfieldMessage.ReadBits(body);
        var count = channel.Content.Description.PieceCount;
        Bitfield has;
        try
        {
            has = id == MessageId.Bitfield ? Bitfield.FromBytes(bits, count) : new Bitfield(count);
        }
        catch (FormatException e)
        {
            throw new WireException(e.Message);
        }

        if (id == MessageId.HaveAll)
        {
            has.SetAll();
        }

        channel.Content.AddHaves(channel, Enumerable.Range(0, count).Where(piece => has[piece]));
        channel.SetRemoteHas(has)?.ReceiveBitfield(has);
    }

    private void ReceiveHaves(uint channelId, int[] pieces)
    {
        if (connection.Find(channelId) is not { } channel)
        {
            return;
        }

        if (channel.RemoteHas is null || pieces.Any(piece => piece >= channel.Content.Description.PieceCount))
        {
            throw new WireException("A have came before the bitfield, or for a piece that does not exist.");
        }

        channel.Content.AddHaves(channel, pieces);
        if (channel.Listener is { } listener)
        {
            listener.ReceiveHaves(pieces);
            return;
        }

        foreach (var piece in pieces)
        {
            channel.RemoteHas.Set(piece);
        }

        // Nothing flows on it any more, and the side that opened it closes it.
        if (channel.Ticket is null && channel.RemoteHas.IsComplete)
        {
            connection.Close(channel, CloseReason.Done);
        }
    }

    private void ReceiveRequest(BlockRange range, bool acceptsPacked)
    {
        if (connection.Find(range.Channel) is not { } channel)
        {
            // Crossed with a close from this side: the other side counts on an answer.
            connection.Send(range, MessageId.Reject);
            return;
        }

        var description = channel.Content.Description;
        if (range.Piece >= description.PieceCount || (long)range.Begin + range.Count > description.PieceSize(range.Piece))
        {
            throw new WireException($"A request reaches beyond piece {range.Piece}.");
        }

        var isAssigned = channel.Content.TryAssign(channel, range.Piece);
        if (isAssigned && channel.Content.Has(range.Piece))
        {
            connection.SendBlock(channel, range, acceptsPacked);
            return;
        }

        connection.Send(range, MessageId.Reject);
        if (!isAssigned)
        {
            channel.Content.Defer(channel, range.Piece);
        }
    }
}
