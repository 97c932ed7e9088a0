using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>A session: the answer to a login and, without the token, to <c>GET</c> of the current session.</summary>
/// <param name="Token">Sent as <c>Authorization: Bearer</c> with every request; a secret.</param>
/// <param name="UserId">Never comes back, as the name may.</param>
/// <param name="SessionId">Names the session without opening it: tickets and revocations carry it.</param>
/// <param name="UserName">As the user wrote it when the account was made.</param>
/// <param name="TrackerId">Names the tracker's database, whichever of its instances answers.</param>
/// <param name="Expires">When the session ends unless it is used; it moves with use.</param>
public sealed record SessionResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Token,
    Guid UserId,
    Guid SessionId,
    string UserName,
    Guid TrackerId,
    DateTimeOffset Expires)
{
    /// <summary>Without the token: a log or a debugger may show it.</summary>
    public override string ToString() => $"{nameof(SessionResponse)} {UserName} {TrackerId} {Expires:O}";
}
