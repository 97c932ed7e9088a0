using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// An authenticated connection to another peer, dialled by either side. On it each side opens channels for contents
/// that its tickets allow, and pieces flow both ways.
/// </summary>
internal sealed partial class PeerConnection : IDisposable
{
    private const int MaxChannels = 1024;
    private const int HavesInOneMessage = 64;

    private readonly PeerServer _server;
    private readonly SslStream _stream;
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<uint, ContentChannel> _channels = new();
    private readonly ConcurrentDictionary<Hash256, Ticket> _tickets = new();
    private readonly Lock _openLock = new();
    private string? _lastTicket;
    private uint _nextChannel;
    private bool _greeted;

    /// <param name="isDialled">Whether this side dialled.</param>
    /// <param name="isBulk">Whether its socket blocks, and a thread of its own reads from it.</param>
    public PeerConnection(PeerServer server, SslStream stream, IPEndPoint remoteEndPoint, bool isDialled, bool isBulk)
    {
        _server = server;
        _stream = stream;
        _reader = new FrameReader(stream);
        _writer = new FrameWriter(stream, server.UploadLimiter);
        RemoteEndPoint = remoteEndPoint;
        IsDialled = isDialled;
        IsBulk = isBulk;
        var certificate = (X509Certificate2)stream.RemoteCertificate!;
        RemoteFingerprint = CertificateHashes.Fingerprint(certificate);
        RemoteCertificateHash = CertificateHashes.Whole(certificate);
        // Odd from who dialled, even from who was dialled: the two never choose the same.
        _nextChannel = isDialled ? 1u : 2u;
    }

    public IPEndPoint RemoteEndPoint { get; }

    public Hash256 RemoteFingerprint { get; }

    public Hash256 RemoteCertificateHash { get; }

    /// <summary>Whose peer the other side is, as the tracker said; null where it was not asked.</summary>
    public string? RemoteUserName { get; set; }

    /// <summary>Whether this side dialled.</summary>
    public bool IsDialled { get; }

    /// <summary>A further connection to a fast source, for one download only.</summary>
    public bool IsBulk { get; }

    /// <summary>Why the other side ended the connection; null where it did not say.</summary>
    public CloseReason? RemoteReason { get; private set; }

    public bool IsClosed => _closing.IsCancellationRequested;

    /// <summary>Closed, or about to be once the reason is sent.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Ended because both peers had dialled, and the other connection stays.</summary>
    public bool IsDuplicate { get; private set; }

    public IEnumerable<ContentChannel> Channels => _channels.Values;

    /// <summary>Blocks that the other side asked for and that are not sent yet.</summary>
    public int WaitingBlocks => _writer.WaitingBlocks;

    /// <summary>Milliseconds since bytes came last.</summary>
    public long IdleMilliseconds => Environment.TickCount64 - _reader.LastReceived;

    /// <summary>Milliseconds since bytes of a piece came last.</summary>
    public long PieceIdleMilliseconds => Environment.TickCount64 - _reader.LastPieceBytes;

    /// <summary>Reads and writes until either side ends the connection. Throws nothing.</summary>
    public async Task RunAsync()
    {
        var writing = _writer.RunAsync(_server.ContentUnreadable, _closing.Token);
        try
        {
            using var unblocking = IsBulk ? _closing.Token.Register(_stream.Dispose) : default;
            var reading = IsBulk ? ReadOnThreadAsync(_closing.Token) : ReadAsync(_closing.Token);
            await Task.WhenAny(reading, writing).Unwrap().ConfigureAwait(false);
        }
        catch (WireException e)
        {
            _server.TransferMetrics.Refused("protocol");
            _server.Trace($"{RemoteEndPoint} was dropped: {e.Message}");
            Close(CloseReason.ProtocolError);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or EndOfStreamException)
        {
            // The other side, the network or this side ended it.
        }
        finally
        {
            IsEnding = true;
            await FlushAsync(writing).ConfigureAwait(false);
            await _closing.CancelAsync().ConfigureAwait(false);
            foreach (var id in _channels.Keys)
            {
                Drop(id);
            }

            await _stream.DisposeAsync().ConfigureAwait(false);
            _writer.Dispose();
        }
    }

    /// <summary>Says why, and ends the connection once that is sent.</summary>
    public void Close(CloseReason reason)
    {
        IsEnding = true;
        IsDuplicate |= reason == CloseReason.Duplicate;
        Send(new CloseMessage(0, reason));
        _writer.Complete();
    }

    public void Dispose()
    {
        IsEnding = true;
        _closing.Cancel();
    }

    public void CountUpload(int bytes) => _server.CountUpload(bytes);

    /// <summary>Shows a ticket: everything that it allows may be opened from now on.</summary>
    public void SendHello(string ticket)
    {
        // Contents that were looked up together share a ticket.
        if (Interlocked.Exchange(ref _lastTicket, ticket) == ticket)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + 1 + ticket.Length);
        var length = new HelloMessage(HelloMessage.CurrentVersion, ticket).Write(buffer);
        Add(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>The channel of a content, opened now where there is none yet.</summary>
    /// <param name="group">The group of the ticket that was shown before.</param>
    public ContentChannel Open(OfferedContent offered, string group)
    {
        lock (_openLock)
        {
            if (offered.Channels.FirstOrDefault(channel => channel.Connection == this) is { } existing)
            {
                return existing;
            }

            var opened = new ContentChannel(this, _nextChannel, offered, group, userName: null);
            _nextChannel += 2;
            _channels[opened.Id] = opened;
            offered.Attach(opened);
            Span<byte> frame = stackalloc byte[Frame.HeaderLength + OpenMessage.Length];
            Add(frame[..new OpenMessage(opened.Id, offered.PiecesRoot).Write(frame)]);
            SendBitfield(opened);
            return opened;
        }
    }

    public void Request(BlockRange range) => Send(range, MessageId.Request);

    public void Cancel(BlockRange range) => Send(range, MessageId.Cancel);

    public void RequestHashes(HashRange range)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + HashRange.Length];
        Add(frame[..range.Write(frame, MessageId.HashRequest)]);
    }

    /// <summary>Says that pieces are there now. Before the bitfield it says nothing: the bitfield will.</summary>
    public void SendHaves(ContentChannel channel, ReadOnlySpan<int> pieces)
    {
        lock (channel)
        {
            if (!channel.HasSentBitfield)
            {
                return;
            }

            Span<byte> frame = stackalloc byte[Frame.HeaderLength + 4 + 4 * HavesInOneMessage];
            while (!pieces.IsEmpty)
            {
                var some = pieces[..Math.Min(pieces.Length, HavesInOneMessage)];
                Add(frame[..HaveMessage.Write(frame, channel.Id, some)]);
                pieces = pieces[some.Length..];
            }
        }
    }

    public void SendKeepAlive() => Add([0, 0, 0, 0]);

    /// <summary>Ends a channel on both sides.</summary>
    public void Close(ContentChannel channel, CloseReason reason)
    {
        if (Drop(channel.Id))
        {
            Send(new CloseMessage(channel.Id, reason));
        }
    }

    /// <summary>Ends channels whose ticket has expired and was not renewed, or whose holder's access has ended.</summary>
    public void CloseUnentitled(DateTimeOffset now)
    {
        foreach (var channel in _channels.Values.Where(channel => channel.UserName is not null))
        {
            if (!_tickets.TryGetValue(channel.Offered.PiecesRoot, out var ticket) || ticket.Expires + TicketValidator.ClockSkew < now)
            {
                Close(channel, CloseReason.TicketExpired);
            }
            else if (_server.IsEnded(ticket))
            {
                Close(channel, CloseReason.TicketRefused);
            }
        }
    }

    /// <summary>Ends channels that this side opened to peers of those whose access has ended: pieces flow both ways.</summary>
    public void CloseOwn(IReadOnlyList<Revocation> ended)
    {
        foreach (var channel in _channels.Values.Where(channel => channel.UserName is null))
        {
            if (ended.Any(one => string.Equals(one.Group, channel.Group, StringComparison.OrdinalIgnoreCase)
                && string.Equals(one.UserName, RemoteUserName, StringComparison.OrdinalIgnoreCase)))
            {
                Close(channel, CloseReason.Done);
            }
        }
    }

    private void SendBitfield(ContentChannel channel)
    {
        lock (channel)
        {
            var have = channel.Offered.GetHave();
            var id = have.IsComplete ? MessageId.HaveAll : have.Count == 0 ? MessageId.HaveNone : MessageId.Bitfield;
            var bits = id == MessageId.Bitfield ? have.Bytes : [];
            var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + 4 + bits.Length);
            Add(buffer.AsSpan(0, BitfieldMessage.Write(buffer, id, channel.Id, bits)));
            ArrayPool<byte>.Shared.Return(buffer);
            channel.HasSentBitfield = true;
        }
    }

    private ContentChannel? Find(uint channel) => _channels.GetValueOrDefault(channel);

    private bool Drop(uint channelId)
    {
        if (!_channels.TryRemove(channelId, out var channel))
        {
            return false;
        }

        _writer.RemoveBlocks((other, _) => other == channel);
        channel.Offered.Detach(channel);
        if (channel.Fetch is var (run, source))
        {
            run.Lost(source);
        }

        if (channel.MakeRecord() is { } record)
        {
            _server.Report(record);
        }

        return true;
    }

    private void Send(CloseMessage message)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + CloseMessage.Length];
        Add(frame[..message.Write(frame)]);
    }

    private void Send(BlockRange range, MessageId id)
    {
        Span<byte> frame = stackalloc byte[Frame.HeaderLength + BlockRange.Length];
        Add(frame[..range.Write(frame, id)]);
    }

    private void Add(ReadOnlySpan<byte> frame)
    {
        if (!_writer.TryAdd(frame))
        {
            _server.Trace($"{RemoteEndPoint} was dropped: it does not read what it asks for.");
            _closing.Cancel();
        }
    }

    // What was said last, a reason for closing above all, should arrive; but nobody is waited for long.
    private async Task FlushAsync(Task writing)
    {
        _writer.Complete();
        try
        {
            await writing.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or TimeoutException or ObjectDisposedException or WireException)
        {
            // It is over either way.
        }
    }
}
