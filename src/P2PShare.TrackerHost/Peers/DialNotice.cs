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
    public static DialNotice Parse(string message)
    {
        var parts = message.Split(' ', 5);
        return new DialNotice(
            long.Parse(parts[0], CultureInfo.InvariantCulture), Hash256.Parse(parts[1]), Guid.Parse(parts[2]), long.Parse(parts[3], CultureInfo.InvariantCulture), parts[4]);
    }

    /// <summary>The notice as a message between instances.</summary>
    public string ToMessage() => string.Create(CultureInfo.InvariantCulture, $"{UserId} {Fingerprint} {SessionId:D} {AskerId} {Dial}");
}
