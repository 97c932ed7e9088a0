namespace P2PShare.TrackerHost.Accounts;

/// <summary>Who can make an account at the tracker.</summary>
internal enum RegistrationMode
{
    /// <summary>Anybody who reaches it.</summary>
    Open,

    /// <summary>Whoever has an invitation of the operator's.</summary>
    Invitation,

    /// <summary>The operator alone.</summary>
    Closed,
}
