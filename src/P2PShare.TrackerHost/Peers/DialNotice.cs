using System.Text.Json.Serialization;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>A request to dial on its way to the instance that has the stream of the peer that is asked.</summary>
/// <param name="UserId">Row of the user of the peer that is asked.</param>
/// <param name="Fingerprint">Of the peer that is asked.</param>
/// <param name="SessionId">The session that announced that peer: an older one that still has a stream does not receive it.</param>
/// <param name="AskerId">Row of the user that asks.</param>
/// <param name="Dial">A <see cref="DialEvent"/> as JSON, as the peer receives it.</param>
internal sealed record DialNotice(long UserId, string Fingerprint, Guid SessionId, long AskerId, string Dial);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DialNotice))]
internal sealed partial class DialNoticeJson : JsonSerializerContext;
