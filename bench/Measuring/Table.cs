using System.Text;

namespace P2PShare.Bench.Measuring;

/// <summary>A table that reads well in a terminal and is Markdown too: the first column to the left, the others to the right.</summary>
internal sealed class Table(params IEnumerable<string> header)
{
    // Of Markdown's line under the header.
    private const int LeastWidth = 3;

    private readonly List<string[]> _rows = [[.. header]];

    /// <param name="cells">Columns that are left out at the end stay empty.</param>
    public void Add(params IEnumerable<string> cells)
    {
        string[] given = [.. cells];
        _rows.Add([.. given, .. Enumerable.Repeat("", _rows[0].Length - given.Length)]);
    }

    public override string ToString()
    {
        var widths = _rows[0].Select((_, column) => Math.Max(LeastWidth, _rows.Max(row => row[column].Length))).ToArray();
        var text = new StringBuilder();
        foreach (var (index, row) in _rows.Index())
        {
            Append(text, row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            if (index == 0)
            {
                Append(text, widths.Select((width, column) => column == 0 ? new string('-', width) : new string('-', width - 1) + ":"));
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
