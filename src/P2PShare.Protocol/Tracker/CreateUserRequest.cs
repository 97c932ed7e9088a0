namespace P2PShare.Protocol.Tracker;

/// <summary>Creates a user.</summary>
/// <param name="Invitation">The invitation that the operator gave out, if the tracker requires one; a secret.</param>
public sealed record CreateUserRequest(string UserName, string Password, string? Invitation = null)
{
    /// <summary>Without the password and the invitation: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(CreateUserRequest)} {UserName}";
}
