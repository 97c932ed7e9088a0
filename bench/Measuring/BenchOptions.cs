using System.CommandLine;
using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>The options that verbs are made of. A value that is not understood is named, with what was expected.</summary>
internal static class BenchOptions
{
    public static Option<string?> Json() => Of<string?>("--json", "FILE", "also write the rows to this file", null, text =>
    {
        var path = Path.GetFullPath(text);
        return Directory.Exists(Path.GetDirectoryName(path)) ? path : throw new BenchException($"the folder of '{text}' does not exist.");
    });

    public static Option<int> Rounds(int @default) => Count("--rounds", @default, "how often each subject is measured");

    public static Option<int> Count(string name, int @default, string description) => Of(name, "N", description, @default, ParseCount);

    public static Option<int[]> Counts(string name, int[] @default, string description) =>
        Of(name, "N,…", description, @default, text => Split(text).Select(ParseCount).ToArray());

    public static Option<ByteSize> Size(string name, long @default, string description) => Of(name, "SIZE", description, new ByteSize(@default), ByteSize.Parse);

    public static Option<ByteSize?> OptionalSize(string name, string description) => Of<ByteSize?>(name, "SIZE", description, null, text => ByteSize.Parse(text));

    public static Option<double> Rate(string name, double @default, string description) => Of(name, "RATE", description, @default, text =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate > 0
            ? rate
            : throw new BenchException($"'{text}' is not a number above zero."));

    public static Option<double> NumberFromZero(string name, double @default, string description) => Of(name, "N", description, @default, ParseNumber);

    public static Option<double[]> NumbersFromZero(string name, double[] @default, string description) =>
        Of(name, "N,…", description, @default, text => Split(text).Select(ParseNumber).ToArray());

    public static Option<string[]> Names(string name, string description) => Of(name, "NAME,…", description, Array.Empty<string>(), Split);

    public static Option<string?> Text(string name, string valueName, string description) => Of<string?>(name, valueName, description, null, text => text);

    /// <summary>Some of a verb's cases, all by default.</summary>
    public static Option<string[]> Cases(IReadOnlyList<string> all) => Of("--case", "NAME,…", $"only these of {string.Join(", ", all)}", [.. all], text =>
        Split(text).Select(name => all.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new BenchException($"'{name}' is not a case; the cases are {string.Join(", ", all)}.")).ToArray());

    /// <summary>Parts of subjects' names; none by default, which means all subjects.</summary>
    public static Option<string[]> Only() => Of<string[]>("--only", "PART,…", "only subjects whose name contains one of these", [], Split);

    /// <summary>The subjects that were asked for.</summary>
    /// <exception cref="BenchException">A part is in no name.</exception>
    public static IReadOnlyList<string> Select(IReadOnlyList<string> subjects, string[] only) =>
        Array.Find(only, part => !subjects.Any(subject => Contains(subject, part))) is { } unknown
            ? throw new BenchException($"--only: no subject's name contains '{unknown}'; the subjects are: {string.Join("; ", subjects)}.")
            : [.. subjects.Where(subject => only.Length == 0 || only.Any(part => Contains(subject, part)))];

    private static bool Contains(string subject, string part) => subject.Contains(part, StringComparison.OrdinalIgnoreCase);

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static int ParseCount(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0
            ? count
            : throw new BenchException($"'{text}' is not a whole number above zero.");

    private static double ParseNumber(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new BenchException($"'{text}' is not a number, zero or above.");

    private static Option<T> Of<T>(string name, string valueName, string description, T @default, Func<string, T> parse) => new(name)
    {
        Arity = ArgumentArity.ExactlyOne,
        HelpName = valueName,
        Description = description,
        DefaultValueFactory = _ => @default,
        CustomParser = result =>
        {
            try
            {
                return parse(result.Tokens[0].Value);
            }
            catch (BenchException e)
            {
                result.AddError($"{name}: {e.Message}");
                return @default;
            }
        },
    };
}
