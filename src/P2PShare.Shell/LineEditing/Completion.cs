namespace P2PShare.Shell.LineEditing;

/// <summary>The possible replacements of a part of a line.</summary>
/// <param name="Start">The start of the part.</param>
/// <param name="Length">Its length.</param>
/// <param name="Texts">The replacements in display order, without duplicates.</param>
public sealed record Completion(int Start, int Length, IReadOnlyList<string> Texts)
{
    public static Completion None { get; } = new(0, 0, []);
}
