namespace P2PShare.Protocol;

/// <summary><see cref="ErrorCode.TooManyAttempts"/>, answered by a tracker as 429 (RFC 6585) with <c>Retry-After</c>.</summary>
/// <param name="message">A whole sentence for a person.</param>
/// <param name="retryAfter">When to try again at the earliest.</param>
public sealed class TooManyAttemptsException(string message, TimeSpan retryAfter) : P2PShareException(ErrorCode.TooManyAttempts, message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
