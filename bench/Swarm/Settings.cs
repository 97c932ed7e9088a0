using System.Globalization;

namespace P2PShare.Bench.Swarm;

/// <summary>What was asked for on the command line.</summary>
internal sealed record Settings
{
    public const string Usage =
        "[--receivers 4,8,16] [--size 64MiB] [--rate 20] [--rounds 5] [--only p2pshare,libtorrent,nginx] [--case All,HalfUnreachable,QuarterKilled,SeedLeaves] [--json FILE]";

    public int[] Receivers { get; private init; } = [4, 8, 16];

    /// <summary>Bytes.</summary>
    public long Size { get; private init; } = 64L << 20;

    /// <summary>Mbit/s each way.</summary>
    public double Rate { get; private init; } = 20;

    public int Rounds { get; private init; } = 5;

    public string[] Subjects { get; private init; } = ["p2pshare", "libtorrent", "nginx"];

    public Case[] Cases { get; private init; } = Enum.GetValues<Case>();

    public string? Json { get; private init; }

    /// <exception cref="FormatException">The message names the argument.</exception>
    public static Settings Parse(string[] args)
    {
        var settings = new Settings();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            settings = args[i] switch
            {
                "--receivers" => settings with { Receivers = [.. value.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))] },
                "--size" => settings with { Size = ParseSize(value) },
                "--rate" => settings with { Rate = double.Parse(value, CultureInfo.InvariantCulture) },
                "--rounds" => settings with { Rounds = int.Parse(value, CultureInfo.InvariantCulture) },
                "--only" => settings with { Subjects = value.Split(',') },
                "--case" => settings with { Cases = [.. value.Split(',').Select(name => Enum.Parse<Case>(name, ignoreCase: true))] },
                "--json" => settings with { Json = value },
                _ => throw new FormatException($"{args[i]} is unknown."),
            };
        }

        return settings;
    }

    private static long ParseSize(string text)
    {
        var (number, unit) = text.EndsWith("MiB", StringComparison.Ordinal) ? (text[..^3], 1L << 20)
            : text.EndsWith("KiB", StringComparison.Ordinal) ? (text[..^3], 1L << 10)
            : (text, 1L);
        return long.Parse(number, CultureInfo.InvariantCulture) * unit;
    }
}
