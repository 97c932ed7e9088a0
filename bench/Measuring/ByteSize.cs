using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>A size as a person writes it: 2GiB, 256MiB, 10KiB, 4096.</summary>
internal readonly record struct ByteSize(long Bytes)
{
    public const long Gibibyte = 1L << 30;

    private static readonly (string Name, long Bytes)[] Units =
        [("TiB", 1L << 40), ("GiB", Gibibyte), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1)];

    /// <exception cref="BenchException">Not a size above zero.</exception>
    public static ByteSize Parse(string text)
    {
        var unit = Units.FirstOrDefault(unit => text.EndsWith(unit.Name, StringComparison.OrdinalIgnoreCase), ("", 1));
        return long.TryParse(text[..^unit.Item1.Length].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count > 0 && count <= long.MaxValue / unit.Item2
            ? new ByteSize(count * unit.Item2)
            : throw new BenchException($"'{text}' is not a size; write it as 2GiB or 256MiB.");
    }

    public override string ToString()
    {
        var size = Bytes;
        var (name, unit) = Units.First(unit => size % unit.Bytes == 0 && size >= unit.Bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{size / unit} {name}");
    }
}
