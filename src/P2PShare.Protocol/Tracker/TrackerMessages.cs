using System.Text.Json.Serialization;
using P2PShare.Protocol.Content;

namespace P2PShare.Protocol.Tracker;

/// <summary>Creates a user.</summary>
/// <param name="Invitation">The token that the operator gave out, where the tracker wants one; a secret.</param>
public sealed record CreateUserRequest(string UserName, string Password, string? Invitation = null)
{
    /// <summary>Without the password and the invitation: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(CreateUserRequest)} {UserName}";
}

/// <summary>Opens a session.</summary>
public sealed record LoginRequest(string UserName, string Password)
{
    /// <summary>Without the password: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(LoginRequest)} {UserName}";
}

/// <summary>A session: what a login answers, and, without the token, what <c>GET</c> of the current session answers.</summary>
/// <param name="Token">Sent as <c>Authorization: Bearer</c> with every request; a secret.</param>
/// <param name="UserName">As the user wrote it when the account was made.</param>
/// <param name="TrackerId">Names the tracker's database, whichever of its instances answers.</param>
/// <param name="Expires">When the session ends unless it is used; it moves with use.</param>
public sealed record SessionResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Token, string UserName, Guid TrackerId, DateTimeOffset Expires)
{
    /// <summary>Without the token: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(SessionResponse)} {UserName} {TrackerId} {Expires:O}";
}

/// <summary>Changes the asker's password; every other session of the user ends, and this one goes on under the token of the answer.</summary>
public sealed record ChangePasswordRequest(string CurrentPassword, string NewPassword)
{
    /// <summary>Without the passwords: a log or a debugger may show it.</summary>
    public override string ToString() => nameof(ChangePasswordRequest);
}

/// <summary>Creates a group; who asks owns it.</summary>
public sealed record CreateGroupRequest(string Name);

/// <summary>What the asker is in a group.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GroupRole>))]
public enum GroupRole
{
    None,
    Requested,
    Member,
    Owner,
}

/// <param name="Role">What the asker is in it.</param>
public sealed record GroupResponse(string Name, string Owner, int MemberCount, GroupRole Role, DateTimeOffset Created);

/// <summary>Hands a group over to another of its members; the former owner stays a member.</summary>
public sealed record SetGroupOwnerRequest(string UserName);

/// <summary>A member of a group.</summary>
/// <param name="Role"><see cref="GroupRole.Owner"/> or <see cref="GroupRole.Member"/>.</param>
public sealed record MemberResponse(string Group, string UserName, GroupRole Role, DateTimeOffset Joined);

/// <summary>Somebody who asks to join.</summary>
public sealed record JoinRequestResponse(string Group, string UserName, DateTimeOffset Requested);

/// <summary>Shares a content under a name with a group.</summary>
/// <param name="PiecesRoot">Null, or left out, for an empty content.</param>
/// <param name="Replace">Whether a different content that the asker shared under this name gives way.</param>
public sealed record ShareFileRequest(string Name, long Size, int PieceLength, Hash256? PiecesRoot = null, bool Replace = false);

/// <param name="Owner">Who shared it first, of those who share it now.</param>
/// <param name="Sources">Peers online that have all of it.</param>
/// <param name="Shared">When this content was first shared under this name.</param>
public sealed record FileResponse(
    string Group,
    string Name,
    long Size,
    int PieceLength,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Hash256? PiecesRoot,
    string Owner,
    int Sources,
    DateTimeOffset Shared)
{
    [JsonIgnore]
    public ContentDescription Content => new(Size, PieceLength, PiecesRoot);
}

/// <summary>A content that a peer has, or has a part of, and offers in one group.</summary>
/// <param name="Complete">Whether it has all of it.</param>
public sealed record Announcement(string Group, Hash256 PiecesRoot, bool Complete);

/// <summary>Tells the tracker that a peer is there. Sent at start, at every change and once an interval.</summary>
/// <param name="Fingerprint">Of the peer's certificate.</param>
/// <param name="Port">TCP port it listens on; 0 where it accepts no connections.</param>
/// <param name="Addresses">The IP addresses of its own interfaces, without loopback; at most 16 are kept.</param>
/// <param name="Full">Whether <paramref name="Holdings"/> is all that it has; else it is only what changed.</param>
/// <param name="Holdings">What it has; at most 4096 in one request.</param>
/// <param name="Removed">What it no longer offers; empty where <paramref name="Full"/>.</param>
public sealed record AnnounceRequest(
    Hash256 Fingerprint,
    int Port,
    IReadOnlyList<string> Addresses,
    bool Full,
    IReadOnlyList<Announcement> Holdings,
    IReadOnlyList<Announcement> Removed)
{
    /// <summary>Most holdings, and most removed ones, in one request.</summary>
    public const int MaxHoldings = 4096;

    public IReadOnlyList<string> Addresses { get; init; } = NotNullItems.Check(Addresses);

    public IReadOnlyList<Announcement> Holdings { get; init; } = NotNullItems.Check(Holdings);

    public IReadOnlyList<Announcement> Removed { get; init; } = NotNullItems.Check(Removed);
}

/// <param name="IntervalSeconds">When to announce again at the latest; a peer that stays silent for three of them is forgotten.</param>
/// <param name="Known">False where the tracker had forgotten this peer and the request was not full: announce all.</param>
/// <param name="Rejected">Holdings that are not (or no longer) files of a group the user is a member of.</param>
/// <param name="Revocations">
/// Whose access to the user's groups has ended within the last lifetime of a ticket; of groups that the user is no member of any more, those until then.
/// </param>
public sealed record AnnounceResponse(int IntervalSeconds, bool Known, IReadOnlyList<Announcement> Rejected, IReadOnlyList<Revocation> Revocations)
{
    public IReadOnlyList<Announcement> Rejected { get; init; } = NotNullItems.Check(Rejected);

    public IReadOnlyList<Revocation> Revocations { get; init; } = NotNullItems.Check(Revocations);
}

/// <summary>Somebody left a group, was taken out of it, or it was deleted: their tickets from before count no longer.</summary>
/// <param name="TicketsUntil">Tickets issued (<c>iat</c>) up to this second, and including it, do not count.</param>
public sealed record Revocation(string Group, string UserName, DateTimeOffset TicketsUntil);

/// <summary>A peer online that offers something in a group.</summary>
/// <param name="EndPoints">Where to try it, <c>address:port</c>; empty for a peer that accepts no connections.</param>
/// <param name="CompleteContents">Contents of the group that it has all of.</param>
/// <param name="PartialContents">Contents of the group that it has a part of.</param>
/// <param name="LastSeen">When it last announced.</param>
public sealed record PeerResponse(
    string Group, string UserName, Hash256 Fingerprint, IReadOnlyList<string> EndPoints, int CompleteContents, int PartialContents, DateTimeOffset LastSeen)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);
}

/// <summary>Asks who has contents of a group, and for a ticket to fetch them.</summary>
/// <param name="Fingerprint">Of the asker's certificate: it is left out of the answer.</param>
/// <param name="CertificateHash">SHA-256 of the asker's whole certificate (DER), which the ticket is bound to (RFC 8705).</param>
/// <param name="PiecesRoots">1 to <see cref="MaxContents"/>.</param>
public sealed record SourcesRequest(Hash256 Fingerprint, Hash256 CertificateHash, IReadOnlyList<Hash256> PiecesRoots)
{
    /// <summary>Most contents in one request, and so in one ticket.</summary>
    public const int MaxContents = 256;
}

/// <param name="Ticket">A JWT for all of <paramref name="Contents"/>.</param>
/// <param name="TicketExpires">Ask again before.</param>
/// <param name="Contents">Those of the asked ones that the group has.</param>
public sealed record SourcesResponse(string Ticket, DateTimeOffset TicketExpires, IReadOnlyList<ContentSources> Contents)
{
    public IReadOnlyList<ContentSources> Contents { get; init; } = NotNullItems.Check(Contents);
}

/// <param name="Peers">At most 50, chosen at random, those that have all of it first.</param>
public sealed record ContentSources(Hash256 PiecesRoot, IReadOnlyList<SourcePeer> Peers)
{
    public IReadOnlyList<SourcePeer> Peers { get; init; } = NotNullItems.Check(Peers);
}

/// <param name="EndPoints">Where to try it, <c>address:port</c>; empty for a peer that accepts no connections.</param>
public sealed record SourcePeer(Hash256 Fingerprint, string UserName, bool Complete, IReadOnlyList<string> EndPoints)
{
    public IReadOnlyList<string> EndPoints { get; init; } = NotNullItems.Check(EndPoints);
}

/// <summary>What happened in a group.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GroupEventKind>))]
public enum GroupEventKind
{
    /// <summary>Somebody asks to join; only the owner is told.</summary>
    JoinRequest,

    /// <summary>Somebody was let in; members and the one are told.</summary>
    JoinApproved,

    /// <summary>A request was denied or withdrawn; the owner and the one are told.</summary>
    JoinDenied,

    /// <summary>Somebody left by themselves.</summary>
    MemberLeft,

    /// <summary>Somebody was taken out of the group; the one is told too.</summary>
    MemberRemoved,

    /// <summary>The group has another owner: <see cref="GroupEvent.UserName"/>.</summary>
    OwnerChanged,

    /// <summary>The group is no more; who was a member is told.</summary>
    GroupRemoved,

    /// <summary>A file is new, or has another content.</summary>
    FileShared,

    /// <summary>A file is gone: nobody shares it any more.</summary>
    FileRemoved,
}

/// <summary>Something that happened in a group, as the data of one server-sent event, which bears <paramref name="Id"/> as its id.</summary>
/// <param name="Id">Rises with each event of the tracker; a stream resumed after it (<c>Last-Event-ID</c>) misses nothing of the last hour.</param>
/// <param name="UserName">Whom it is about: who asks, joined, left, shared, owns.</param>
/// <param name="FileName">Null unless it is about a file.</param>
public sealed record GroupEvent(long Id, GroupEventKind Kind, string Group, string UserName, DateTimeOffset Time, string? FileName = null);

/// <summary>A problem as RFC 9457 has it, with the stable code; each member may be missing, as where a proxy answers.</summary>
public sealed record ProblemResponse(
    string? Type = null, string? Title = null, int? Status = null, string? Detail = null, string? Code = null);
