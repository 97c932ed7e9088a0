namespace P2PShare.TrackerHost.Hosting;

/// <summary>What a request counts as. An endpoint's metadata; one that says nothing is <see cref="Requests"/>.</summary>
internal enum RateLimit
{
    /// <summary><see cref="TrackerOptions.RequestsPerMinute"/>, for each user; without a session for each address.</summary>
    Requests,

    /// <summary><see cref="TrackerOptions.AnnouncesPerMinute"/>, for each user.</summary>
    Announces,

    /// <summary><see cref="TrackerOptions.LoginsPerMinute"/>, for each address.</summary>
    Logins,

    /// <summary><see cref="TrackerOptions.NewUsersPerMinute"/>, for each address.</summary>
    NewUsers,

    /// <summary>Not at all: whoever watches over the tracker asks for it, and it costs nothing.</summary>
    None,
}
