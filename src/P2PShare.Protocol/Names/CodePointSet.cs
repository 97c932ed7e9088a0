using System.Globalization;
using System.Text;

namespace P2PShare.Protocol.Names;

/// <summary>A set of code points.</summary>
/// <param name="ranges">Ascending <c>FIRST-LAST</c> or <c>ONE</c> in hexadecimal digits, separated by white space.</param>
internal sealed class CodePointSet(string ranges)
{
    private readonly (int First, int Last)[] _ranges = [.. ranges.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    public bool Contains(Rune rune)
    {
        var at = Array.BinarySearch(_ranges, (rune.Value, int.MaxValue));
        // The complement of a missing item is the index of the next greater one.
        var index = ~at - 1;
        return index >= 0 && rune.Value <= _ranges[index].Last;
    }

    private static (int First, int Last) Parse(string range)
    {
        var ends = range.Split('-');
        return (int.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), int.Parse(ends[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }
}
