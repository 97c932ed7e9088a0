namespace P2PShare.Shell.LineEditing;

/// <summary>What could stand in place of a part of a line.</summary>
/// <param name="Start">Where the part begins.</param>
/// <param name="Length">Its length.</param>
/// <param name="Texts">What could replace it, in the order to show, each once.</param>
public sealed record Completion(int Start, int Length, IReadOnlyList<string> Texts)
{
    public static Completion None { get; } = new(0, 0, []);
}
