namespace P2PShare;

/// <summary>How most bytes of a file that need not be fetched were found.</summary>
public enum P2PComparisonMethod
{
    /// <summary>The local file is identical: nothing has to be done.</summary>
    None,

    /// <summary>At the same offset of the local file.</summary>
    SameOffset,

    /// <summary>By the file's chunk map, some of them at other offsets or in other files.</summary>
    Chunks,

    /// <summary>This session shares or has received the same bytes as another file, from which they would be copied.</summary>
    Copy,

    /// <summary>No local file has any: all that is not zeros has to be fetched.</summary>
    Whole,
}
