namespace P2PShare.TrackerHost.Accounts;

/// <summary>A user, and the password as it is stored.</summary>
/// <param name="PasswordPrepared">1 if the password was prepared before it was hashed; 0 for an account made before that was done.</param>
internal sealed record StoredUser(long Id, string Guid, string Name, string PasswordHash, long PasswordPrepared)
{
    /// <summary>What others know the user by.</summary>
    public Guid UserId => System.Guid.Parse(Guid);
}
