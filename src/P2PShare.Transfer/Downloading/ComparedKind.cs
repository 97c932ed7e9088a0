namespace P2PShare.Transfer.Downloading;

/// <summary>Where a download would take the bytes of a range from.</summary>
public enum ComparedKind
{
    /// <summary>The local file has them at the same offset.</summary>
    Equal,

    /// <summary>The local file has them at another offset, or another local file has them.</summary>
    Moved,

    /// <summary>They are zeros, which are not sent.</summary>
    Zero,

    /// <summary>They would have to be fetched.</summary>
    ToFetch,
}
