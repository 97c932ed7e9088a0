using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Events;

/// <summary>An event and its recipients: one user, or the members of its group, or its owner and managers, or those who were members until the group was deleted.</summary>
// Properties, not a constructor: SQLite does not report the types of a result without rows, which a constructor is chosen by.
internal sealed class StoredEvent
{
    public required long Id { get; init; }

    public required string Kind { get; init; }

    /// <summary>Null if it is for one user, or of the group's deletion.</summary>
    public required long? GroupId { get; init; }

    public required string GroupGuid { get; init; }

    public required string GroupName { get; init; }

    public required string UserName { get; init; }

    public required string? FileName { get; init; }

    public required long OwnerOnly { get; init; }

    public required long? RecipientId { get; init; }

    /// <summary>The revocation with which the group was deleted, if that is what happened.</summary>
    public required long? MembersUntil { get; init; }

    public required long Created { get; init; }

    /// <summary>Of the group's owner; null if it is for one user, or of the group's deletion.</summary>
    public required long? OwnerId { get; init; }

    /// <param name="members">Members of the groups of all events of the page, by group.</param>
    /// <param name="managers">Of the groups of all events of the page that are not for all members, by group.</param>
    /// <param name="formerMembers">Members of groups until their deletion, by revocation.</param>
    public bool IsFor(long user, ILookup<long, long> members, ILookup<long, long> managers, ILookup<long, long> formerMembers) => RecipientId is { } recipient
        ? recipient == user
        : MembersUntil is { } until ? formerMembers[until].Contains(user)
        : OwnerOnly == 1 ? OwnerId == user || (GroupId is { } managed && managers[managed].Contains(user))
        : GroupId is { } group && members[group].Contains(user);

    /// <summary>Whether this version knows the kind: an instance of a newer version may have written it.</summary>
    public bool IsKnown => Enum.IsDefined(typeof(GroupEventKind), Kind);

    /// <summary>To be called if <see cref="IsKnown"/>.</summary>
    public GroupEvent ToEvent() =>
        new(Id, Enum.Parse<GroupEventKind>(Kind), Guid.Parse(GroupGuid), GroupName, UserName, DateTimeOffset.FromUnixTimeSeconds(Created), FileName);
}
