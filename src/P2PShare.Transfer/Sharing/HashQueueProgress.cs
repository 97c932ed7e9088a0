namespace P2PShare.Transfer.Sharing;

/// <summary>How far an <see cref="OrderedHashQueue{TResult}"/> is.</summary>
/// <param name="Hashing">The files that are being hashed, and the one that the others wait for.</param>
public sealed record HashQueueProgress(long BytesHashed, long BytesTotal, int Finished, int Added, IReadOnlyList<HashProgress> Hashing);

/// <summary>How far one file is.</summary>
/// <param name="Key">The same object for the same file.</param>
/// <param name="IsHashed">Whether only the step after the hash remains.</param>
public sealed record HashProgress(object Key, string Name, long BytesHashed, long Size, double BytesPerSecond, bool IsHashed);
