using System.Collections.Concurrent;
using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// An authenticated connection to another peer, dialled by either side: its life, and what this side sends. Each side opens channels
/// for contents that its tickets allow, and pieces flow both ways. Safe for concurrent use.
/// </summary>
internal sealed class PeerConnection : IDisposable
{
    private readonly ConnectionContext _context;
    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<uint, ContentChannel> _channels = new();
    private readonly RemotePeer _remote;
    private readonly Arrival? _arrival;
    private readonly RejectedRequests _rejected = new();
    private readonly Lock _openLock = new();
    private string? _lastTicket;
    private uint _nextChannel;

    /// <param name="stream">Owned.</param>
    /// <param name="isDialled">Whether this side dialled.</param>
    /// <param name="isBulk">Whether the stream blocks, and a thread of its own reads from it.</param>
    /// <param name="arrival">Its place among those that other peers dialled; null if it has none.</param>
    public PeerConnection(ConnectionContext context, Stream stream, RemotePeer remote, bool isDialled, bool isBulk, Arrival? arrival = null)
    {
        _arrival = arrival;
        arrival?.End = Dispose;

        (_context, _stream, _remote) = (context, stream, remote);
        Tickets = new TicketSet(context.Access.IsExpired);
        _reader = new FrameReader(stream, context.Clock);
        Answers = new ContentAnswers(this, context);
        _writer = new FrameWriter(stream, context.UploadLimiter, context.SendBudget, context.Clock, _rejected.OfferAgain) { Contents = Answers, Trees = context.Trees, Compressor = context.Compressor, Maps = context.Maps };
        IsDialled = isDialled;
        IsBulk = isBulk;
        // Odd from the dialling side, even from the other: the two never choose the same.
        _nextChannel = isDialled ? 1u : 2u;
    }

    public IPEndPoint RemoteEndPoint => _remote.EndPoint;

    /// <summary>The way to the other side, measured until now; null if it is not known.</summary>
    public TcpPath? Path => (_stream as PeerStream)?.Path;

    public Hash256 RemoteFingerprint => _remote.Fingerprint;

    public Hash256 RemoteCertificateHash => _remote.CertificateHash;

    /// <summary>The valid tickets that the other side has shown.</summary>
    public TicketSet Tickets { get; }

    /// <summary>Whether this side dialled.</summary>
    public bool IsDialled { get; }

    /// <summary>A further connection to a fast source, for one download only.</summary>
    public bool IsBulk { get; }

    /// <summary>Why the other side ended the connection; null if it gave no reason.</summary>
    public CloseReason? RemoteReason { get; private set; }

    /// <summary>Whether the other side has shown a valid ticket, and there is room for it.</summary>
    public bool IsGreeted { get; private set; }

    public bool IsClosed => _closing.IsCancellationRequested;

    /// <summary>Closed, or about to be once the reason is sent.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Ended because both peers had dialled, and the other connection stays.</summary>
    public bool IsDuplicate { get; private set; }

    public IEnumerable<ContentChannel> Channels => _channels.Values;

    public int ChannelCount => _channels.Count;

    /// <summary>The answers for whole contents that the other side gets.</summary>
    public ContentAnswers Answers { get; }

    /// <summary>Receives the whole contents that this side gets; null if it has asked for none.</summary>
    public IContentListener? ContentListener { get; set; }

    /// <inheritdoc cref="FrameWriter.WaitingBlocks"/>
    public int WaitingBlocks => _writer.WaitingBlocks;

    /// <summary>Time since bytes came last.</summary>
    public TimeSpan Idle => _context.Clock.GetElapsedTime(_reader.LastReceived);

    /// <summary>Bytes of messages that wait to be sent; answers are made when they are sent.</summary>
    public int WaitingBytes => _writer.WaitingBytes;

    /// <inheritdoc cref="WatchedWriter.IsStuck"/>
    public bool IsStuck() => _writer.IsStuck();

    /// <summary>Time since bytes of a piece came last.</summary>
    public TimeSpan PieceIdle => _context.Clock.GetElapsedTime(_reader.LastPieceBytes);

    /// <summary>Reads and writes until either side ends the connection. Throws nothing.</summary>
    public async Task RunAsync()
    {
        var receiver = new PeerReceiver(this, _context, _reader);
        var writing = _writer.RunAsync(_closing.Token);
        try
        {
            using var unblocking = IsBulk ? _closing.Token.Register(_stream.Dispose) : default;
            var reading = IsBulk ? receiver.RunOnThreadAsync(_closing.Token) : receiver.RunAsync(_closing.Token);
            await Task.WhenAny(reading, writing).Unwrap().ConfigureAwait(false);
        }
        catch (WireException e)
        {
            _context.Metrics.Refused("protocol");
            _context.Logger.ProtocolViolated(RemoteEndPoint, e.Message);
            Close(CloseReason.ProtocolError);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or EndOfStreamException)
        {
            // The other side, the network or this side ended it.
        }
        finally
        {
            IsEnding = true;
            await _writer.FlushAsync(writing).ConfigureAwait(false);
            await _closing.CancelAsync().ConfigureAwait(false);
            foreach (var id in _channels.Keys)
            {
                Drop(id);
            }

            ContentListener?.Lose();
            await _stream.DisposeAsync().ConfigureAwait(false);
            _writer.Dispose();
            if (_writer.User is { } user)
            {
                _context.SendBudget.Leave(user);
            }
        }
    }

    /// <summary>Sends the reason, and then ends the connection.</summary>
    public void Close(CloseReason reason)
    {
        IsEnding = true;
        IsDuplicate |= reason == CloseReason.Duplicate;
        this.Send(new CloseMessage(0, reason));
        _writer.Complete();
    }

    public void Dispose()
    {
        IsEnding = true;
        _closing.Cancel();
    }

    /// <summary>The other side ended the connection.</summary>
    public void EndByRemote(CloseReason reason)
    {
        RemoteReason = reason;
        IsDuplicate |= reason == CloseReason.Duplicate;
        IsEnding = true;
        // A peer that is done, stops, or has another connection is not at fault.
        foreach (var channel in reason is CloseReason.Done or CloseReason.ShuttingDown or CloseReason.Duplicate ? [] : _channels.Values)
        {
            channel.Refuse(reason);
        }
    }

    /// <summary>Records a ticket that this side is about to show.</summary>
    /// <returns>False if it was the last one that was shown: contents that were looked up together share a ticket.</returns>
    public bool TryShow(string ticket) => Interlocked.Exchange(ref _lastTicket, ticket) != ticket;

    /// <summary>Returns the channel of a content in a group, or opens it.</summary>
    /// <param name="group">The group of the ticket that was shown before.</param>
    /// <param name="source">The other side as a look-up for the content in the group named it.</param>
    public ContentChannel Open(IServedContent content, GroupIdentity group, ListedSource source)
    {
        lock (_openLock)
        {
            if (content.Channels.FirstOrDefault(channel => channel.Connection == this && channel.Group == group) is { } existing)
            {
                existing.Renew(source);
                return existing;
            }

            var opened = new ContentChannel(this, _context, _nextChannel, content, group, ticket: null, source);
            _nextChannel += 2;
            Add(opened);
            Span<byte> frame = stackalloc byte[Frame.HeaderLength + OpenMessage.Length];
            Send(frame[..new OpenMessage(opened.Id, content.PiecesRoot, group.Id).Write(frame)]);
            opened.SendBitfield();
            return opened;
        }
    }

    /// <summary>Adds a channel, and shows it to its content.</summary>
    public void Add(ContentChannel channel)
    {
        _channels[channel.Id] = channel;
        channel.Content.Attach(channel);
        channel.DetachIfEnded();
    }

    public ContentChannel? Find(uint channelId) => _channels.GetValueOrDefault(channelId);

    /// <summary>Keeps a valid ticket of the other side, and renews its channels that the ticket is for.</summary>
    /// <returns>False if there is no room for a connection of this user.</returns>
    public bool TryAdd(Ticket ticket)
    {
        IsGreeted |= _arrival is null || _context.Admission.TryGreet(_arrival, ticket.UserId, RemoteFingerprint);
        if (!IsGreeted)
        {
            return false;
        }

        _writer.User ??= _context.SendBudget.Enter(ticket.UserId);
        Tickets.Add(ticket);
        foreach (var channel in _channels.Values)
        {
            channel.Renew(ticket);
        }

        return true;
    }

    /// <summary>Sends a block when its turn comes.</summary>
    /// <exception cref="WireException">The other side requests far more blocks than it may.</exception>
    public void SendBlock(ContentChannel channel, BlockRange range, bool acceptsPacked)
    {
        if (!_writer.TryAddBlock(channel, range, acceptsPacked))
        {
            _rejected.Add(channel, range.Piece);
            this.Send(range, MessageId.Reject);
        }
    }

    /// <inheritdoc cref="FrameWriter.TryAddHashes"/>
    public bool TrySend(ContentChannel channel, HashRange range) => _writer.TryAddHashes(channel, range);

    /// <inheritdoc cref="FrameWriter.TryAddTree"/>
    public bool TrySend(ContentChannel channel, TreeRange range) => _writer.TryAddTree(channel, range);

    /// <inheritdoc cref="FrameWriter.TryAddMap"/>
    public bool TrySend(ContentChannel channel, MapRange range) => _writer.TryAddMap(channel, range);

    /// <inheritdoc cref="FrameWriter.AddContents"/>
    public IReadOnlyList<RequestedContent> AddContents(IReadOnlyList<RequestedContent> contents) => _writer.AddContents(contents);

    /// <returns>False if the block does not wait any more: it was sent, or never requested.</returns>
    public bool TryRemoveBlock(BlockRange range) => _writer.RemoveBlocks(range) > 0;

    /// <summary>Ends a channel on both sides.</summary>
    public void Close(ContentChannel channel, CloseReason reason)
    {
        if (Drop(channel.Id))
        {
            this.Send(new CloseMessage(channel.Id, reason));
        }
    }

    /// <summary>Forgets a channel and tells those who use it.</summary>
    /// <returns>False if there is no such channel.</returns>
    public bool Drop(uint channelId)
    {
        if (!_channels.TryRemove(channelId, out var channel))
        {
            return false;
        }

        _writer.Remove(channel);
        _rejected.Remove(channel);
        channel.Content.Detach(channel);
        channel.Listener?.Lose();
        if (channel.MakeRecord() is { } record)
        {
            _context.ReportUpload(record);
        }

        return true;
    }

    /// <summary>Sends a whole frame, behind those that wait. Drops the connection if too much waits.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        if (!_writer.TryAdd(frame))
        {
            _context.Logger.PeerDoesNotRead(RemoteEndPoint);
            _closing.Cancel();
        }
    }
}
