namespace P2PShare.Protocol.Tracker;

/// <summary>Opens a session.</summary>
public sealed record LoginRequest(string UserName, string Password)
{
    /// <summary>Without the password: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(LoginRequest)} {UserName}";
}
