namespace P2PShare.TrackerHost.Accounts;

/// <summary>Answered as 429 (RFC 6585).</summary>
/// <param name="retryAfter">When to try again at the earliest.</param>
internal sealed class TooManyAttemptsException(string message, TimeSpan retryAfter) : Exception(message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
