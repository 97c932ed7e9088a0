using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Sharing;

/// <summary>The name under which a content is offered in a group.</summary>
internal sealed record OfferedName(GroupIdentity Group, string Name);
