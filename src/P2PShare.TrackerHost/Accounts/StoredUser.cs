namespace P2PShare.TrackerHost.Accounts;

/// <summary>A user, and the password as it is stored.</summary>
internal sealed record StoredUser(long Id, string Name, string PasswordHash);
