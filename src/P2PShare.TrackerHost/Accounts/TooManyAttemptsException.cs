using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Accounts;

/// <summary><see cref="ErrorCode.TooManyAttempts"/>, answered as 429 (RFC 6585).</summary>
/// <param name="message">A whole sentence for a person.</param>
/// <param name="retryAfter">When to try again at the earliest.</param>
internal sealed class TooManyAttemptsException(string message, TimeSpan retryAfter) : P2PShareException(ErrorCode.TooManyAttempts, message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
