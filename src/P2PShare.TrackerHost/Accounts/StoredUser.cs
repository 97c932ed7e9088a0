namespace P2PShare.TrackerHost.Accounts;

/// <summary>A user, and the password as it is stored.</summary>
internal sealed record StoredUser(long Id, string Guid, string Name, string PasswordHash)
{
    /// <summary>What others know the user by.</summary>
    public Guid UserId => System.Guid.Parse(Guid);
}
