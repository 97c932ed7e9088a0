namespace P2PShare.TrackerHost.Observability;

/// <summary>What is written to the audit log. The number is the log's event id, and stays.</summary>
internal enum AuditAct
{
    /// <summary>If the operator made it, the subject is the new user; as with the other acts that a command does, too.</summary>
    UserMade = 1,
    UserRemoved = 2,
    LoggedIn = 3,

    /// <summary>A wrong password, at a login or a change of password. The user is left out if there is no such account.</summary>
    PasswordWrong = 4,
    LoggedOut = 5,
    PasswordChanged = 6,
    GroupMade = 7,

    /// <summary>The subject is the new owner.</summary>
    GroupHandedOver = 8,
    GroupRemoved = 9,
    JoinRequested = 10,

    /// <summary>The subject is the user who asked to join.</summary>
    JoinApproved = 11,

    /// <summary>The subject is the user who asked to join; it is also the user if the request was withdrawn.</summary>
    JoinDenied = 12,

    /// <summary>The subject is the former member; it is also the user if the member left.</summary>
    MemberRemoved = 13,

    /// <summary>The subject is what there was too much of. At most once a minute for each address.</summary>
    Throttled = 14,

    /// <summary>The subject is the invitation's id, which the operator saw when it was created.</summary>
    InvitationUsed = 15,

    /// <summary>A request for an account was refused because the caller has no right to one.</summary>
    RegistrationRefused = 16,

    /// <summary>A login opened one session more than a user may have, and this one was not used for longest. The subject is its id.</summary>
    SessionEnded = 17,

    /// <summary>A user became a sharer of a file. The subject is its name.</summary>
    FileShared = 18,

    /// <summary>A sharer gave a name another content. The subject is the name.</summary>
    FileReplaced = 19,

    /// <summary>A user ended the own share of a file. The subject is its name; one line for each file.</summary>
    FileWithdrawn = 20,

    /// <summary>By the operator. The subject is the invitation's id.</summary>
    InvitationMade = 21,

    /// <summary>By the operator. The subject is the invitation's id.</summary>
    InvitationWithdrawn = 22,

    /// <summary>By the operator: the user has another password. The subject is the user.</summary>
    PasswordReset = 23,

    /// <summary>By the operator: the SQLite database was copied to PostgreSQL. The subject is the data folder.</summary>
    DatabaseCopied = 24,

    /// <summary>By the operator. The subject is the backup's folder.</summary>
    DatabaseBackedUp = 25,

    /// <summary>By the operator, with the command for it. The subject is the schema version that the database has now.</summary>
    DatabaseMigrated = 26,

    /// <summary>A user was made a member without asking. The subject is the user.</summary>
    MemberAdded = 27,

    /// <summary>The subject is the member who has another role.</summary>
    RoleSet = 28,
}
