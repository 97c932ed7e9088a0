using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Import;

/// <summary>What the person asked for.</summary>
internal sealed record Options
{
    public const string Usage = "usage: bench/Import [--rounds 15] [--json FILE]";

    public int Rounds { get; private init; } = 15;

    /// <summary>File for the rows; null: none.</summary>
    public string? Json { get; private init; }

    /// <exception cref="BenchException">Something that is no option.</exception>
    public static Options Parse(string[] arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : throw new BenchException($"{arguments[i]} needs a value.\n{Usage}");
            options = arguments[i] switch
            {
                "--rounds" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) && rounds > 0 =>
                    options with { Rounds = rounds },
                "--json" => options with { Json = value },
                _ => throw new BenchException($"'{arguments[i]} {value}' is no option.\n{Usage}"),
            };
        }

        return options;
    }
}
