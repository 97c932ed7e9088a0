using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>What was measured: of each case and subject a value for each unit and round.</summary>
internal sealed class Figures
{
    private const string UserUnit = "user s";
    private const string SystemUnit = "system s";
    private const string CompilingUnit = "compiling s";

    private readonly Dictionary<(string Case, string Subject), Dictionary<string, List<double>>> _values = [];

    /// <summary>Titles of the columns that <see cref="UsageCells"/> fills.</summary>
    public static IReadOnlyList<string> UsageColumns { get; } = [UserUnit, SystemUnit, CompilingUnit];

    /// <summary>Cases in the order in which they were first measured.</summary>
    public IEnumerable<string> Cases => _values.Keys.Select(key => key.Case).Distinct();

    public void Add(string @case, string subject, string unit, double value)
    {
        if (!_values.TryGetValue((@case, subject), out var units))
        {
            _values[(@case, subject)] = units = [];
        }

        if (!units.TryGetValue(unit, out var values))
        {
            units[unit] = values = [];
        }

        values.Add(value);
    }

    public void Add(string @case, string subject, Usage usage)
    {
        Add(@case, subject, UserUnit, usage.User);
        Add(@case, subject, SystemUnit, usage.System);
        if (usage.Compiling is { } compiling)
        {
            Add(@case, subject, CompilingUnit, compiling);
        }
    }

    /// <summary>
    /// Compares every subject of a case with a reference, round by round. A subject that does not have a value for each of
    /// the reference's rounds gets no figure.
    /// </summary>
    /// <param name="unit">Of the values compared.</param>
    /// <param name="newUnit">Of the result.</param>
    /// <param name="compare">Takes a subject's value and the reference's of the same round.</param>
    public void Compare(string @case, string unit, string newUnit, IReadOnlyList<double> reference, Func<double, double, double> compare)
    {
        foreach (var units in _values.Where(entry => entry.Key.Case == @case).Select(entry => entry.Value))
        {
            if (units.TryGetValue(unit, out var own) && own.Count == reference.Count)
            {
                units[newUnit] = [.. own.Zip(reference, compare)];
            }
        }
    }

    /// <summary>One value a round; empty: nothing was measured.</summary>
    public IReadOnlyList<double> Values(string @case, string subject, string unit) =>
        _values.TryGetValue((@case, subject), out var units) && units.TryGetValue(unit, out var values) ? values : [];

    /// <summary>All units of a subject in a case.</summary>
    public IEnumerable<Row> Rows(string @case, string subject) =>
        _values.TryGetValue((@case, subject), out var units) ? units.Select(unit => Row.Of(@case, subject, unit.Key, unit.Value)) : [];

    /// <summary>Null: nothing was measured.</summary>
    public Row? Find(string @case, string subject, string unit) =>
        Values(@case, subject, unit) is { Count: > 0 } values ? Row.Of(@case, subject, unit, values) : null;

    /// <summary>A table's cell, such as <c>724 (643–853)</c>; empty: nothing was measured.</summary>
    /// <param name="format">Of each number.</param>
    public string MedianAndRange(string @case, string subject, string unit, string format) =>
        Find(@case, subject, unit) is { } row ? $"{Format(row.Median, format)} ({Format(row.Min, format)}–{Format(row.Max, format)})" : "";

    /// <summary>A table's cell; empty: nothing was measured.</summary>
    public string Median(string @case, string subject, string unit, string format) =>
        Find(@case, subject, unit) is { } row ? Format(row.Median, format) : "";

    /// <summary>The cells of <see cref="UsageColumns"/>.</summary>
    public IEnumerable<string> UsageCells(string @case, string subject) => UsageColumns.Select(unit => Median(@case, subject, unit, "0.00"));

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
