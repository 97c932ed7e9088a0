namespace P2PShare.Transfer.Syncing;

/// <summary>A local file and its name relative to a folder.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Name">With <c>/</c> between folders, as files of a group are named.</param>
/// <param name="Root">The folder that a person named, and below which no link is followed; null if the person named the file.</param>
public sealed record LocalFile(string Path, string Name, string? Root = null);
