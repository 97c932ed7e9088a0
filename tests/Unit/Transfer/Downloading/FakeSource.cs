using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A source that records what is sent to it, and answers nothing.</summary>
internal sealed class FakeSource(int number, Hash256? fingerprint = null) : ISource
{
    private IChannelListener? _listener;
    private long _bytesRequested;

    public List<BlockRange> Requests { get; } = [];

    /// <summary>Bytes of all requests, on any thread.</summary>
    public long BytesRequested => Interlocked.Read(ref _bytesRequested);

    public List<BlockRange> Cancels { get; } = [];

    public List<HashRange> HashRequests { get; } = [];

    public List<string> Tickets { get; } = [];

    public CloseReason? Closed { get; private set; }

    public CloseReason? Disconnected { get; private set; }

    public bool IsAborted { get; private set; }

    public uint ChannelId => (uint)number;

    public Hash256 Fingerprint { get; } = fingerprint ?? Hash256.Compute([(byte)number]);

    public IPEndPoint RemoteEndPoint => new(IPAddress.Loopback, number);

    public Bitfield? RemoteHas { get; init; }

    public TcpPath? Path { get; init; }

    public bool IsOpenedHere { get; init; } = true;

    public bool IsDialled { get; init; } = true;

    public bool IsBulk { get; init; }

    public bool IsDuplicate { get; init; }

    public bool IsClosed => Closed is not null || Disconnected is not null || IsAborted;

    public CloseReason? RemoteReason { get; init; }

    public TimeSpan PieceIdle { get; set; } = TimeSpan.MaxValue;

    public Bitfield? Listen(IChannelListener listener)
    {
        _listener = listener;
        return RemoteHas;
    }

    public void StopListening() => _listener = null;

    public void Renew(SourceLocator.Sources found) => Tickets.Add(found.Ticket);

    public void Request(BlockRange range)
    {
        Requests.Add(range);
        Interlocked.Add(ref _bytesRequested, range.Count);
    }

    public void Cancel(BlockRange range) => Cancels.Add(range);

    public void RequestHashes(HashRange range) => HashRequests.Add(range);

    public List<TreeRange> TreeRequests { get; } = [];

    public void RequestTree(TreeRange range) => TreeRequests.Add(range);

    public List<MapRange> MapRequests { get; } = [];

    public void RequestMap(MapRange range) => MapRequests.Add(range);

    public void Close(CloseReason reason)
    {
        Closed = reason;
        _listener?.Lose();
    }

    public void Disconnect(CloseReason reason)
    {
        Disconnected = reason;
        _listener?.Lose();
    }

    public void Abort()
    {
        IsAborted = true;
        _listener?.Lose();
    }
}
