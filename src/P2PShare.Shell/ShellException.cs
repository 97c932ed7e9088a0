namespace P2PShare.Shell;

/// <summary>An error before or around the engine; the message is one sentence for the user.</summary>
internal sealed class ShellException : Exception
{
    public ShellException()
    {
    }

    public ShellException(string message)
        : base(message)
    {
    }

    public ShellException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
