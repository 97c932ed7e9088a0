namespace P2PShare.Bench.Measuring;

/// <summary>One figure of one subject in one case, over all rounds.</summary>
internal sealed record Row(string Case, string Subject, string Unit, double Median, double Min, double Max)
{
    /// <param name="values">One a round, at least one.</param>
    public static Row Of(string @case, string subject, string unit, IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Row(@case, subject, unit, median, sorted[0], sorted[^1]);
    }
}
