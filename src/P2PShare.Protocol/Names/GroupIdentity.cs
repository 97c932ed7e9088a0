namespace P2PShare.Protocol.Names;

/// <summary>A group: the id that never comes back, by which groups are compared, and the name for people, which may be given again.</summary>
public sealed record GroupIdentity(Guid Id, string Name)
{
    public bool Equals(GroupIdentity? other) => other is not null && Id == other.Id;

    public override int GetHashCode() => Id.GetHashCode();

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
