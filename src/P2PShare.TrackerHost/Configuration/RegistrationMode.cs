namespace P2PShare.TrackerHost.Configuration;

/// <summary>Who can create an account: the values of <c>Tracker:Registration</c>.</summary>
internal enum RegistrationMode
{
    /// <summary>Everybody who can reach the tracker.</summary>
    Open,

    /// <summary>Holders of an invitation from the operator.</summary>
    Invitation,

    /// <summary>The operator alone.</summary>
    Closed,
}
