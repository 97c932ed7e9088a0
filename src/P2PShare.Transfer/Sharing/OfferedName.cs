using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Sharing;

/// <summary>The name under which a content is offered in a group.</summary>
/// <param name="IsReceived">Whether the file was received rather than shared by the user: no news if it is not offered any more.</param>
/// <param name="IsEarlier">Whether it is an earlier version: offered for now, while the next peer server offers what has the name.</param>
internal sealed record OfferedName(GroupIdentity Group, string Name, bool IsReceived, bool IsEarlier = false);
