using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>One tracker cannot answer now: another tracker may, or this one later.</summary>
/// <param name="outcomeUnknown">Whether the tracker may have carried out the request: it was on its way when the connection was lost.</param>
/// <param name="retryAfter">When the tracker wants to be asked again (<c>Retry-After</c>, RFC 9110 section 10.2.3); null if it named no time.</param>
internal sealed class TrackerUnavailableException(
    string code, string message, bool outcomeUnknown, TimeSpan? retryAfter = null, Exception? inner = null) : P2PShareException(code, message, inner)
{
    public bool OutcomeUnknown => outcomeUnknown;

    public TimeSpan? RetryAfter => retryAfter;
}
