namespace P2PShare;

/// <summary>How a local file compares with a file of a group.</summary>
public enum P2PFileTestResult
{
    /// <summary>The same bytes.</summary>
    Match,

    /// <summary>Other bytes.</summary>
    Different,

    /// <summary>There is no such local file.</summary>
    Missing,
}

/// <summary>A local file compared with a file of a group.</summary>
public sealed class P2PFileTest
{
    internal P2PFileTest(P2PFile file, string path, P2PFileTestResult result, string? actualRoot)
    {
        Group = file.Group;
        Name = file.Name;
        Size = file.Size;
        PiecesRoot = file.PiecesRoot;
        Path = path;
        Result = result;
        ActualPiecesRoot = actualRoot;
    }

    public string Group { get; }

    /// <summary>The file's name in the group.</summary>
    public string Name { get; }

    /// <summary>Full path of the local file.</summary>
    public string Path { get; }

    public P2PFileTestResult Result { get; }

    /// <summary>Bytes of the group's file.</summary>
    public long Size { get; }

    /// <summary>Pieces root of the group's file; null for an empty file, which has none.</summary>
    public string? PiecesRoot { get; }

    /// <summary>Pieces root of the local file; null if it was not hashed because it is missing or has another size, or if it is empty.</summary>
    public string? ActualPiecesRoot { get; }

    public override string ToString() => $"{Path}: {Result}";
}
