namespace P2PShare.Unit.Architecture;

/// <summary>What a rule found: a line for each violation.</summary>
internal static class ViolationList
{
    /// <summary>Fails with all of the lines, which xunit would cut after five.</summary>
    public static void AssertEmpty(IReadOnlyCollection<string> violations) =>
        Assert.True(violations.Count == 0, $"{violations.Count} violations:\n{string.Join('\n', violations)}");
}
