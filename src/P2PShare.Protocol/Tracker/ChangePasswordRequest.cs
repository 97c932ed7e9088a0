namespace P2PShare.Protocol.Tracker;

/// <summary>Changes the caller's password; every other session of the user ends, and this one continues under the token in the answer.</summary>
public sealed record ChangePasswordRequest(string CurrentPassword, string NewPassword)
{
    /// <summary>Without the passwords: a log or a debugger may show it.</summary>
    public override string ToString() => nameof(ChangePasswordRequest);
}
