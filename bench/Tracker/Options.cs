using System.Globalization;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Tracker;

/// <summary>What the person asked for.</summary>
internal sealed record Options
{
    public const string Usage = """
        usage: bench/Tracker [--rounds 5] [--seconds 3] [--warm 8] [--concurrency 256] [--connections 8] [--online 100000] [--postgres CONNECTION] [--only part of a name, ...] [--cases Announce,Files,...] [--json FILE]
        """;

    public int Rounds { get; private init; } = 5;

    /// <summary>How long each subject is driven in each case and round.</summary>
    public TimeSpan Time { get; private init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long before that without counting.</summary>
    public TimeSpan Warm { get; private init; } = TimeSpan.FromSeconds(8);

    /// <summary>Requests in flight.</summary>
    public int Concurrency { get; private init; } = 256;

    /// <summary>HTTP/2 connections that they share; a server allows a hundred requests on each.</summary>
    public int Connections { get; private init; } = 8;

    /// <summary>Peers online when the memory is looked at.</summary>
    public int Online { get; private init; } = 100_000;

    /// <summary>Connection string of a PostgreSQL role that may create databases; null: PostgreSQL is left out.</summary>
    public string? Postgres { get; private init; }

    /// <summary>Parts of subjects' names; empty: all subjects.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    public IReadOnlyList<Case> Cases { get; private init; } = Enum.GetValues<Case>();

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
                "--rounds" => options with { Rounds = Count(value) },
                "--seconds" => options with { Time = TimeSpan.FromSeconds(Count(value)) },
                "--warm" => options with { Warm = TimeSpan.FromSeconds(Count(value)) },
                "--concurrency" => options with { Concurrency = Count(value) },
                "--connections" => options with { Connections = Count(value) },
                "--online" => options with { Online = Count(value) },
                "--postgres" => options with { Postgres = value },
                "--only" => options with { Only = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) },
                "--cases" => options with { Cases = [.. value.Split(',').Select(Named)] },
                "--json" => options with { Json = value },
                _ => throw new BenchException($"'{arguments[i]} {value}' is no option.\n{Usage}"),
            };
        }

        return options;
    }

    public bool Wants(string subject) => Only.Count == 0 || Only.Any(part => subject.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static Case Named(string text) => Enum.TryParse<Case>(text, ignoreCase: true, out var @case) && Enum.IsDefined(@case)
        ? @case
        : throw new BenchException($"'{text}' is no case: {string.Join(", ", Enum.GetNames<Case>())} were expected.");

    private static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new BenchException($"'{text}' is not a number above zero.");
}
