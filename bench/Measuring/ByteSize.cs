using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>Sizes as a person types them: 2GiB, 256MiB, 10KiB, 4096.</summary>
public static class ByteSize
{
    public const long Gibibyte = 1L << 30;

    private static readonly (string Name, long Bytes)[] Units =
        [("TiB", 1L << 40), ("GiB", Gibibyte), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1)];

    /// <exception cref="BenchException">Not a size above zero.</exception>
    public static long Parse(string text)
    {
        var unit = Units.FirstOrDefault(unit => text.EndsWith(unit.Name, StringComparison.OrdinalIgnoreCase), ("", 1));
        return long.TryParse(text[..^unit.Item1.Length].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count > 0 && count <= long.MaxValue / unit.Item2
            ? count * unit.Item2
            : throw new BenchException($"'{text}' is not a size; write it as 2GiB or 256MiB.");
    }

    public static string Format(long bytes)
    {
        var (name, size) = Units.First(unit => bytes % unit.Bytes == 0 && bytes >= unit.Bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size} {name}");
    }
}
