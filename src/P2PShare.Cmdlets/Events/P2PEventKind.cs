namespace P2PShare;

/// <summary>What can happen in a group.</summary>
public enum P2PEventKind
{
    /// <summary>Somebody asks to join; only the owner hears of it.</summary>
    JoinRequest,

    /// <summary>Somebody was let in; the members and the one hear of it.</summary>
    JoinApproved,

    /// <summary>A request was denied or withdrawn; the owner and the one hear of it.</summary>
    JoinDenied,

    /// <summary>Somebody left by themselves.</summary>
    MemberLeft,

    /// <summary>Somebody was taken out of the group; the one hears of it too.</summary>
    MemberRemoved,

    /// <summary>The group has another owner.</summary>
    OwnerChanged,

    /// <summary>The group is no more; who was a member hears of it.</summary>
    GroupRemoved,

    /// <summary>A file is new, or has another content.</summary>
    FileShared,

    /// <summary>A file is gone: nobody shares it any more.</summary>
    FileRemoved,
}
