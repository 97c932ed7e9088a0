using System.Globalization;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A request to dial on its way to the instance that has the stream of the peer that is asked.</summary>
/// <param name="UserId">Row of the user of the peer that is asked.</param>
/// <param name="Fingerprint">Of the peer that is asked.</param>
/// <param name="SessionId">The session that announced that peer: an older one that still has a stream does not receive it.</param>
/// <param name="AskerId">Row of the user that asks.</param>
/// <param name="Dial">A <see cref="DialEvent"/> as JSON, as the peer receives it.</param>
internal sealed record DialNotice(long UserId, Hash256 Fingerprint, Guid SessionId, long AskerId, string Dial)
{
    /// <summary>Reads what <see cref="ToMessage"/> wrote.</summary>
    /// <returns>Null if it is something else: another instance may be of a newer version.</returns>
    public static DialNotice? TryParse(string message) =>
        message.Split(' ', 5) is [var user, var peer, var session, var asker, var dial]
        && long.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out var userId)
        && Hash256.TryParse(peer, out var fingerprint)
        && Guid.TryParseExact(session, "D", out var sessionId)
        && long.TryParse(asker, NumberStyles.None, CultureInfo.InvariantCulture, out var askerId)
            ? new DialNotice(userId, fingerprint, sessionId, askerId, dial)
            : null;

    /// <summary>The notice as a message between instances.</summary>
    public string ToMessage() => string.Create(CultureInfo.InvariantCulture, $"{UserId} {Fingerprint} {SessionId:D} {AskerId} {Dial}");
}
