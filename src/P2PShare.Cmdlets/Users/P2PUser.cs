namespace P2PShare;

/// <summary>An account at a tracker.</summary>
public sealed class P2PUser
{
    internal P2PUser(string userName, string tracker)
    {
        UserName = userName;
        Tracker = tracker;
    }

    public string UserName { get; }

    /// <summary><c>host:port</c>.</summary>
    public string Tracker { get; }

    public override string ToString() => UserName;
}
