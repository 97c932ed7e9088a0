using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

/// <summary>What a request counts as. An endpoint's metadata; without it, a request counts as <see cref="Requests"/>.</summary>
internal enum RateLimit
{
    /// <summary><see cref="RateLimitOptions.RequestsPerMinute"/>, for each user; without a session for each address.</summary>
    Requests,

    /// <summary><see cref="RateLimitOptions.AnnouncesPerMinute"/>, for each user.</summary>
    Announces,

    /// <summary><see cref="RateLimitOptions.DialRequestsPerMinute"/>, for each user, and <see cref="RateLimitOptions.TotalDialRequestsPerMinute"/>.</summary>
    Dials,

    /// <summary><see cref="RateLimitOptions.LoginsPerMinute"/>, for each address.</summary>
    Logins,

    /// <summary><see cref="RateLimitOptions.NewUsersPerMinute"/>, for each address.</summary>
    NewUsers,

    /// <summary>Not counted: for probes, which cost nothing.</summary>
    None,
}
