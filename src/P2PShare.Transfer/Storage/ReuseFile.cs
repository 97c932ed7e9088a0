namespace P2PShare.Transfer.Storage;

/// <summary>A local file whose bytes a download may take instead of fetching them.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Root">A folder above the file that a person named: no link between the two is followed. Null: the person named the file.</param>
public sealed record ReuseFile(string Path, string? Root = null);
