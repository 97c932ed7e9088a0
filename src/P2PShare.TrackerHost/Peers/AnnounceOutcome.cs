using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>What became of one announce of a batch: a response, or the reason why it had no effect.</summary>
internal readonly record struct AnnounceOutcome(AnnounceResponse? Response, P2PShareException? Refusal)
{
    /// <exception cref="P2PShareException">The refusal.</exception>
    public AnnounceResponse Require() => Response ?? throw Refusal!;
}
