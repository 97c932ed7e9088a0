namespace P2PShare.TrackerHost.Hosting;

/// <summary>What is written to the audit log. The number is the log's event id, and stays.</summary>
internal enum AuditAct
{
    UserMade = 1,
    UserRemoved = 2,
    LoggedIn = 3,

    /// <summary>A wrong password, at a login or a change of password. The user is left out where there is no such account.</summary>
    PasswordWrong = 4,
    LoggedOut = 5,
    PasswordChanged = 6,
    GroupMade = 7,

    /// <summary>The subject is the new owner.</summary>
    GroupHandedOver = 8,
    GroupRemoved = 9,
    JoinRequested = 10,

    /// <summary>The subject is who asked.</summary>
    JoinApproved = 11,

    /// <summary>The subject is who asked, or who withdrew.</summary>
    JoinDenied = 12,

    /// <summary>The subject is the former member; who left by themselves is user and subject.</summary>
    MemberRemoved = 13,

    /// <summary>The subject is what there was too much of. Once a minute for each address, however often.</summary>
    Throttled = 14,

    /// <summary>The subject is the invitation's id, which the operator saw when it was made.</summary>
    InvitationUsed = 15,

    /// <summary>Somebody wanted an account without a right to it.</summary>
    RegistrationRefused = 16,
}
