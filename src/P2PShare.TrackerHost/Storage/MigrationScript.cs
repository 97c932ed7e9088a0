using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// One step of the schema: an embedded file <c>NNNN_name.sql</c>. If its first line is <c>-- For 100 rows of peers at a time</c>, its
/// one statement is run for parts of that table, whose ids are above <c>@after</c> and up to <c>@last</c>, each part in a transaction
/// of its own. Instances of the version before write between two parts (those on PostgreSQL: SQLite has one), and a part may run more than once.
/// </summary>
/// <param name="Number">The schema's version after it.</param>
/// <param name="Table">The table whose rows are counted for the parts; null: the script runs whole.</param>
/// <param name="PartLength">Rows of that table in a part.</param>
internal sealed partial record MigrationScript(long Number, string Sql, string? Table, int PartLength)
{
    /// <summary>All scripts, in order.</summary>
    public static IReadOnlyList<MigrationScript> All { get; } = [.. Load().OrderBy(script => script.Number)];

    private static IEnumerable<MigrationScript> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            var sql = reader.ReadToEnd();
            var number = long.Parse(name.AsSpan(0, name.IndexOf('_', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
            var parts = PartsLine().Match(sql);
            yield return parts.Success
                ? new MigrationScript(number, sql, parts.Groups[2].Value, int.Parse(parts.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
                : new MigrationScript(number, sql, null, 0);
        }
    }

    [GeneratedRegex(@"\A-- For ([0-9]+) rows of ([a-z_]+) at a time")]
    private static partial Regex PartsLine();
}
