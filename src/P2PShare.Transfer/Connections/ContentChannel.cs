using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Connections;

/// <summary>One content on one connection. Pieces flow both ways on it. Safe for concurrent use.</summary>
internal sealed class ContentChannel : IBlockSource, ISeedChannel
{
    private const int HavesInOneMessage = 64;

    private readonly Lock _lock = new();
    private readonly ConnectionContext _context;
    // The wall clock may be set meanwhile.
    private readonly long _startedAt;
    // The content may be withdrawn before the channel ends.
    private readonly string _name;
    private long _bytesUploaded;
    private bool _hasSentBitfield;

    /// <param name="id">Odd if the dialling side opened it, even if the listening side did.</param>
    /// <param name="group">The group under which it was opened.</param>
    /// <param name="ticket">The ticket that opened it; null if this side opened it.</param>
    /// <param name="source">The look-up that named the other side; null if that side opened it.</param>
    public ContentChannel(
        PeerConnection connection, ConnectionContext context, uint id, IServedContent content, GroupIdentity group, Ticket? ticket, ListedSource? source = null)
    {
        Connection = connection;
        _context = context;
        Id = id;
        Content = content;
        Group = group;
        Ticket = ticket;
        Source = source;
        Started = context.Clock.GetUtcNow();
        _startedAt = context.Clock.GetTimestamp();
        _name = content.NameIn(group.Id) ?? "";
    }

    public PeerConnection Connection { get; }

    /// <summary>Odd if the dialling side opened it, even if the listening side did.</summary>
    public uint Id { get; }

    public IServedContent Content { get; }

    /// <summary>The group under which it was opened.</summary>
    public GroupIdentity Group { get; }

    /// <summary>The holder of the ticket that opened it; null if this side opened it.</summary>
    public string? UserName => Ticket?.UserName;

    /// <summary>The ticket by which the other side has it open; null if this side opened it.</summary>
    public Ticket? Ticket { get; private set; }

    /// <summary>What the tracker said last of the other side, by which this side has it open; null if the other side opened it.</summary>
    public ListedSource? Source { get; private set; }

    public DateTimeOffset Started { get; }

    public Hash256 RemoteFingerprint => Connection.RemoteFingerprint;

    /// <summary>What the other side has; null until it has sent its bitfield.</summary>
    public Bitfield? RemoteHas { get; private set; }

    /// <summary>The download that fetches over this channel; null if there is none.</summary>
    public IChannelListener? Listener { get; private set; }

    public long BytesUploaded => Interlocked.Read(ref _bytesUploaded);

    ContentDescription IBlockSource.Description => Content.Description;

    IReadOnlyList<Hash256> IBlockSource.PieceLayer => Content.PieceLayer;

    /// <inheritdoc/>
    public CompressionTrial Compression { get; } = new();

    /// <summary>Requests a block, compressed if the other side finds that worth it and this side has it on.</summary>
    public void Request(BlockRange range) =>
        Connection.Send(range, _context.Compressor.Choice.IsEnabled ? MessageId.PackedRequest : MessageId.Request);

    /// <summary>Keeps a later ticket of the same user for the same group, if it covers the content; any other one changes nothing.</summary>
    public void Renew(Ticket ticket)
    {
        lock (_lock)
        {
            if (Ticket is { } current && ticket.UserId == current.UserId && ticket.GroupId == current.GroupId
                && ticket.Expires >= current.Expires && ticket.PiecesRoots.Contains(Content.PiecesRoot))
            {
                Ticket = ticket;
            }
        }
    }

    /// <summary>Keeps a later look-up that named the same user; any other one changes nothing.</summary>
    public void Renew(ListedSource source)
    {
        lock (_lock)
        {
            if (Source is { } current && source.UserId == current.UserId && source.Expires >= current.Expires)
            {
                Source = source;
            }
        }
    }

    /// <summary>Keeps what the other side has.</summary>
    /// <returns>The download to tell; null if there is none yet.</returns>
    public IChannelListener? SetRemoteHas(Bitfield has)
    {
        lock (_lock)
        {
            RemoteHas = has;
            return Listener;
        }
    }

    /// <summary>Lets a download fetch over this channel.</summary>
    /// <returns>What the other side has; null if its bitfield has not come yet: the listener receives it then.</returns>
    public Bitfield? SetListener(IChannelListener listener)
    {
        lock (_lock)
        {
            Listener = listener;
            return RemoteHas;
        }
    }

    public void ClearListener() => Listener = null;

    /// <summary>Leaves the content if the connection has ended: its reader may still have had messages.</summary>
    public void DetachIfEnded()
    {
        if (Connection.IsClosed)
        {
            Connection.Drop(Id);
            Content.Detach(this);
        }
    }

    /// <summary>Why the other side ended it; null if it gave no reason.</summary>
    public CloseReason? RemoteReason { get; private set; }

    /// <summary>Records why the other side ended it, also for a listener that comes late.</summary>
    public void Refuse(CloseReason reason)
    {
        IChannelListener? listener;
        lock (_lock)
        {
            RemoteReason = reason;
            listener = Listener;
        }

        listener?.Refuse(reason);
    }

    /// <summary>Tells the other side what this side has.</summary>
    public void SendBitfield()
    {
        lock (_lock)
        {
            var have = Content.GetHave();
            var id = have.IsComplete ? MessageId.HaveAll : have.Count == 0 ? MessageId.HaveNone : MessageId.Bitfield;
            var bits = id == MessageId.Bitfield ? have.Bytes : [];
            var buffer = ArrayPool<byte>.Shared.Rent(Frame.HeaderLength + 4 + bits.Length);
            Connection.Send(buffer.AsSpan(0, BitfieldMessage.Write(buffer, id, Id, bits)));
            ArrayPool<byte>.Shared.Return(buffer);
            _hasSentBitfield = true;
        }
    }

    /// <summary>Tells the other side that pieces are there now. Does nothing before the bitfield, which will include them.</summary>
    public void SendHaves(ReadOnlySpan<int> pieces)
    {
        lock (_lock)
        {
            if (!_hasSentBitfield)
            {
                return;
            }

            Span<byte> frame = stackalloc byte[Frame.HeaderLength + 4 + 4 * HavesInOneMessage];
            while (!pieces.IsEmpty)
            {
                var some = pieces[..Math.Min(pieces.Length, HavesInOneMessage)];
                Connection.Send(frame[..HaveMessage.Write(frame, Id, some)]);
                pieces = pieces[some.Length..];
            }
        }
    }

    void IBlockSource.Read(long offset, Span<byte> buffer) => Content.Read(offset, buffer);

    void IUploadCounter.CountUpload(int bytes)
    {
        Interlocked.Add(ref _bytesUploaded, bytes);
        _context.Metrics.Uploaded(bytes);
    }

    void IBlockSource.ReportUnreadable(Exception problem) => _context.Contents.ReportUnreadable(Content, problem);

    /// <summary>What was fetched over it; null if nothing was.</summary>
    public UploadRecord? MakeRecord() => BytesUploaded == 0
        ? null
        : new UploadRecord(
            Group.Name,
            Content.NameIn(Group.Id) ?? _name,
            Content.PiecesRoot,
            UserName,
            Connection.RemoteFingerprint,
            Connection.RemoteEndPoint,
            BytesUploaded,
            BytesUploaded >= Content.Description.Size,
            Started,
            _context.Clock.GetElapsedTime(_startedAt));
}
