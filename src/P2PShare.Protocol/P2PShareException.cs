namespace P2PShare.Protocol;

/// <summary>A fault that a person can understand and act on: what was wrong, what was expected, what to do.</summary>
public class P2PShareException : Exception
{
    /// <param name="code">One of <see cref="ErrorCode"/>.</param>
    /// <param name="message">A whole sentence for a person; never a secret, never a stack trace.</param>
    /// <param name="inner">The cause, if there is one.</param>
    public P2PShareException(string code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
    }

    /// <summary>One of <see cref="ErrorCode"/>; stable across versions.</summary>
    public string Code { get; }
}
