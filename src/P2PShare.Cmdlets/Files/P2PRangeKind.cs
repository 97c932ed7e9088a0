namespace P2PShare;

/// <summary>Where the bytes of a range of a file would come from.</summary>
public enum P2PRangeKind
{
    /// <summary>The local file has them at the same offset.</summary>
    Equal,

    /// <summary>The local file has them at another offset, or another local file has them.</summary>
    Moved,

    /// <summary>They are zeros.</summary>
    Zero,

    /// <summary>They have to be fetched.</summary>
    ToFetch,
}
