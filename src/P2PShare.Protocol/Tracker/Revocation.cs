using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>
/// Access that ended: the tickets that it names are not valid any more. A member who left a group or was removed: the group and the user.
/// A group that was deleted: the group. A logout: the user and the session. A changed password: the user.
/// </summary>
/// <param name="Number">Its place in the tracker's sequence of all revocations, which only grows.</param>
/// <param name="GroupId">Tickets for this group; null: for any.</param>
/// <param name="UserId">Tickets of this user; null: of any.</param>
/// <param name="SessionId">Tickets that this session asked for; null: any.</param>
/// <param name="TicketsUntil">Tickets issued (<c>iat</c>) up to and including this second are not valid.</param>
public sealed record Revocation(
    long Number,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Guid? GroupId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Guid? UserId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] Guid? SessionId,
    DateTimeOffset TicketsUntil)
{
    /// <summary>Whether it concerns what this user has in this group under this session; null: under a session that is not known.</summary>
    public bool Concerns(Guid group, Guid user, Guid? session) =>
        (GroupId is null || GroupId == group) && (UserId is null || UserId == user) && (SessionId is null || session is null || SessionId == session);
}
