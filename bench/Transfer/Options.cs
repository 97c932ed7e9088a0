using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Transfer;

/// <summary>What the person asked for.</summary>
internal sealed record Options
{
    public const string Usage = """
        usage: bench/Transfer [--case large|small] [--size 2GiB] [--files 10000] [--rounds 5] [--only part of a name, ...] [--json FILE]
        """;

    /// <summary>Size of the file of the large case in bytes.</summary>
    public long Size { get; private init; } = 2 * ByteSize.Gibibyte;

    /// <summary>Number of files of the small case.</summary>
    public int Files { get; private init; } = 10_000;

    public int Rounds { get; private init; } = 5;

    /// <summary>Parts of subjects' names; empty: all subjects.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Name of the one case to run; null: all.</summary>
    public string? Case { get; private init; }

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
                "--size" => options with { Size = ByteSize.Parse(value) },
                "--files" => options with { Files = Count(value) },
                "--rounds" => options with { Rounds = Count(value) },
                "--only" => options with { Only = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) },
                "--case" when value is Content.LargeCase or Content.SmallCase => options with { Case = value },
                "--json" => options with { Json = value },
                _ => throw new BenchException($"'{arguments[i]} {value}' is no option.\n{Usage}"),
            };
        }

        return options;
    }

    public bool Runs(string @case) => Case is null || Case == @case;

    public bool Wants(string subject) => Only.Count == 0 || Only.Any(part => subject.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new BenchException($"'{text}' is not a number above zero.");
}
