using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A source that records what was sent to it, and answers nothing.</summary>
internal sealed class FakeSource(int number, Hash256? fingerprint = null) : ISource
{
    public List<BlockRange> Requests { get; } = [];

    public List<BlockRange> Cancels { get; } = [];

    public List<HashRange> HashRequests { get; } = [];

    public uint ChannelId => (uint)number;

    public Hash256 Fingerprint { get; } = fingerprint ?? Hash256.Compute([(byte)number]);

    public IPEndPoint RemoteEndPoint => new(IPAddress.Loopback, number);

    public bool IsOpenedHere => true;

    public bool IsDialled => true;

    public bool IsBulk { get; init; }

    public bool IsDuplicate => false;

    public bool IsClosed => false;

    public TimeSpan PieceIdle { get; set; } = TimeSpan.MaxValue;

    public void Request(BlockRange range) => Requests.Add(range);

    public void Cancel(BlockRange range) => Cancels.Add(range);

    public void RequestHashes(HashRange range) => HashRequests.Add(range);
}
