using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <summary>The paths of the tracker's HTTP interface: templates for the host, and the same filled in for the client.</summary>
public static class TrackerRoutes
{
    /// <summary>The version of the protocol. Another one has other paths, so that neither side takes a message for what it is not.</summary>
    public const int Version = 2;

    /// <summary>Where every path of this version begins, except that of <see cref="TicketKeys"/>.</summary>
    public const string Root = "/v2";

    public const string Users = Root + "/users";
    public const string CurrentUser = Root + "/users/current";
    public const string CurrentPassword = Root + "/users/current/password";
    public const string Sessions = Root + "/sessions";
    public const string CurrentSession = Root + "/sessions/current";
    public const string Groups = Root + "/groups";
    public const string GroupTemplate = Root + "/groups/{group}";
    public const string GroupOwnerTemplate = Root + "/groups/{group}/owner";
    public const string JoinRequestsTemplate = Root + "/groups/{group}/requests";
    public const string JoinRequestTemplate = Root + "/groups/{group}/requests/{user}";
    public const string ApprovalTemplate = Root + "/groups/{group}/requests/{user}/approval";
    public const string MembersTemplate = Root + "/groups/{group}/members";
    public const string MemberTemplate = Root + "/groups/{group}/members/{user}";
    public const string MemberRoleTemplate = MemberTemplate + "/role";
    public const string FilesTemplate = Root + "/groups/{group}/files";
    public const string FileTemplate = Root + "/groups/{group}/files/{**name}";

    /// <summary>The current content of a name and the earlier ones that are kept.</summary>
    public const string VersionsTemplate = Root + "/groups/{group}/versions/{**name}";

    public const string SharesTemplate = Root + "/groups/{group}/shares";
    public const string WithdrawalsTemplate = Root + "/groups/{group}/withdrawals";
    public const string SourcesTemplate = Root + "/groups/{group}/sources";
    public const string GroupPeersTemplate = Root + "/groups/{group}/peers";
    public const string Peers = Root + "/peers";
    public const string PeerTemplate = Root + "/peers/{fingerprint}";

    /// <summary>Requests to a source to dial the caller's peer.</summary>
    public const string DialRequestsTemplate = GroupTemplate + "/dial-requests";

    /// <summary>The requests to dial that others made to a peer, as server-sent events.</summary>
    public const string DialsTemplate = PeerTemplate + "/dials";

    /// <summary>What happens in the caller's groups, as server-sent events.</summary>
    public const string Events = Root + "/events";

    /// <summary>The keys that check tickets, as a JSON Web Key Set (RFC 7517).</summary>
    public const string TicketKeys = "/.well-known/jwks.json";

    /// <summary>The parameter of an approval that names a <see cref="Tracker.MemberRole"/>.</summary>
    public const string RoleParameter = "role";

    public static string Group(string group) => $"{Groups}/{Segment(group)}";

    public static string GroupOwner(string group) => $"{Group(group)}/owner";

    public static string JoinRequests(string group) => $"{Group(group)}/requests";

    public static string JoinRequest(string group, string user) => $"{JoinRequests(group)}/{Segment(user)}";

    /// <param name="role">Null: the group's default.</param>
    public static string Approval(string group, string user, MemberRole? role = null) =>
        $"{JoinRequest(group, user)}/approval{(role is { } named ? $"?{RoleParameter}={named}" : "")}";

    public static string Members(string group) => $"{Group(group)}/members";

    public static string Member(string group, string user) => $"{Members(group)}/{Segment(user)}";

    public static string MemberRole(string group, string user) => $"{Member(group, user)}/role";

    public static string Files(string group) => $"{Group(group)}/files";

    /// <param name="name">A valid name (<see cref="FileName"/>): its <c>/</c> stay, the rest is escaped.</param>
    public static string File(string group, string name) => $"{Files(group)}/{Path(name)}";

    /// <inheritdoc cref="File" path="/param"/>
    public static string Versions(string group, string name) => $"{Group(group)}/versions/{Path(name)}";

    public static string Shares(string group) => $"{Group(group)}/shares";

    public static string Withdrawals(string group) => $"{Group(group)}/withdrawals";

    public static string Sources(string group) => $"{Group(group)}/sources";

    public static string GroupPeers(string group) => $"{Group(group)}/peers";

    public static string Peer(Hash256 fingerprint) => $"{Peers}/{fingerprint}";

    public static string DialRequests(string group) => $"{Group(group)}/dial-requests";

    public static string Dials(Hash256 fingerprint) => $"{Peer(fingerprint)}/dials";

    private static string Path(string name) => string.Join('/', name.Split('/').Select(Segment));

    // A path loses "." and ".." on its way, however they are escaped: DELETE of the member ".." would be one of the group.
    // Escaped twice they arrive, as a name that no user can have.
    private static string Segment(string name) => name switch
    {
        "." => "%252E",
        ".." => "%252E%252E",
        _ => Uri.EscapeDataString(name),
    };
}
