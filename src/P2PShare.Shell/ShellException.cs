namespace P2PShare.Shell;

/// <summary>A fault before or around the engine, in a sentence for the person.</summary>
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
