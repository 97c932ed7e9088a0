namespace P2PShare;

/// <summary>The kinds of events in a group.</summary>
public enum P2PEventKind
{
    /// <summary>A user asks to join. Only the owner receives it.</summary>
    JoinRequest,

    /// <summary>A request was approved. The members and the new member receive it.</summary>
    JoinApproved,

    /// <summary>A request was denied or withdrawn. The owner and the user who asked receive it.</summary>
    JoinDenied,

    /// <summary>A member left the group.</summary>
    MemberLeft,

    /// <summary>A member was removed. The members and the removed user receive it.</summary>
    MemberRemoved,

    /// <summary>The group has another owner.</summary>
    OwnerChanged,

    /// <summary>The group was deleted. Its former members receive it.</summary>
    GroupRemoved,

    /// <summary>A file was shared, or its content was replaced.</summary>
    FileShared,

    /// <summary>A file is not listed any more: no user shares it.</summary>
    FileRemoved,
}
