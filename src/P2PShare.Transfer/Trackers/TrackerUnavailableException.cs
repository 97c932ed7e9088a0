using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>One tracker cannot answer now: another one, or the same one later, may.</summary>
/// <param name="mayHaveBeenDone">Whether the tracker may have done what it was asked: the request was on its way when the connection was lost.</param>
/// <param name="retryAfter">When it wants to be asked again, where it said so (<c>Retry-After</c>, RFC 9110 section 10.2.3).</param>
internal sealed class TrackerUnavailableException(
    string code, string message, bool mayHaveBeenDone, TimeSpan? retryAfter = null, Exception? inner = null) : P2PShareException(code, message, inner)
{
    public bool MayHaveBeenDone => mayHaveBeenDone;

    public TimeSpan? RetryAfter => retryAfter;
}
