using P2PShare.Protocol;

namespace P2PShare.Transfer.Sharing;

/// <summary>What became of one file of an <see cref="OrderedHashQueue{TResult}"/>.</summary>
/// <param name="Key">The same object as <see cref="HashProgress.Key"/> of this file.</param>
/// <param name="Result">What the step after the hash returned; not set if <paramref name="Fault"/> is.</param>
/// <param name="Fault">Why the file could not be hashed, or the step failed; null if neither did.</param>
public sealed record HashOutcome<TResult>(object Key, string Path, string Name, TResult? Result, P2PShareException? Fault);
