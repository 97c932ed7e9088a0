namespace P2PShare.Transfer.Downloading;

/// <summary>Where the bytes of a 16 KiB block come from.</summary>
internal enum LeafSource : byte
{
    /// <summary>From a peer.</summary>
    Peer,

    /// <summary>From the same offset of the file that is replaced.</summary>
    OldFile,

    /// <summary>They are zeros.</summary>
    Zero,
}
