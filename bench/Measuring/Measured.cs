namespace P2PShare.Bench.Measuring;

/// <summary>The result of a verb.</summary>
/// <param name="Rows">Of the subjects that did not fail.</param>
/// <param name="Succeeded">Whether no subject failed.</param>
/// <param name="MissingPart">What this machine lacks, so that nothing was measured; null: it was.</param>
internal sealed record Measured(IReadOnlyList<Row> Rows, bool Succeeded, string? MissingPart = null)
{
    public static Measured Nothing(string missingPart) => new([], true, missingPart);
}
