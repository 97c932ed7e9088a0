using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>What happened in a group.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GroupEventKind>))]
public enum GroupEventKind
{
    /// <summary>A user asks to join; only the owner and the managers receive it.</summary>
    JoinRequest,

    /// <summary>A request was approved, or a user was made a member without one; the members and the user receive it.</summary>
    JoinApproved,

    /// <summary>A request was denied or withdrawn; the owner, the managers and the user receive it.</summary>
    JoinDenied,

    /// <summary>A member left; the user receives it too.</summary>
    MemberLeft,

    /// <summary>A member was removed; the user receives it too.</summary>
    MemberRemoved,

    /// <summary>The group has another owner: <see cref="GroupEvent.UserName"/>.</summary>
    OwnerChanged,

    /// <summary>The group was deleted; its former members receive it.</summary>
    GroupRemoved,

    /// <summary>A file is new, or has another content.</summary>
    FileShared,

    /// <summary>A file was removed: no user shares it any more.</summary>
    FileRemoved,
}
