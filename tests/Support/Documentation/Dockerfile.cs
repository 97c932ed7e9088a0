using System.Text.Json;
using System.Text.RegularExpressions;

namespace P2PShare.Support;

/// <summary>What a Dockerfile says, as far as deploy/Dockerfile uses the format: one instruction a line, continued by a backslash.</summary>
internal sealed partial class Dockerfile
{
    private Dockerfile(IReadOnlyList<Stage> stages) => Stages = stages;

    public IReadOnlyList<Stage> Stages { get; }

    /// <exception cref="FormatException">The file has something else.</exception>
    public static Dockerfile Parse(string text)
    {
        var lines = Continuation().Replace(Comment().Replace(text, ""), " ").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var stages = new List<Stage>();
        foreach (var line in lines)
        {
            var match = Line().Match(line);
            if (!match.Success)
            {
                throw new FormatException($"'{line}' is not an instruction.");
            }

            var flags = match.Groups["flag"].Captures.ToDictionary(flag => flag.Value.Split('=')[0], flag => flag.Value.Split('=', 2)[1]);
            var step = new Instruction(match.Groups["name"].Value, flags, match.Groups["rest"].Value.Trim());
            if (step.Name == "FROM")
            {
                var words = step.Rest.Split(' ');
                stages.Add(new Stage(words[0], words.Length == 3 && words[1] == "AS" ? words[2] : "", []));
            }
            else
            {
                stages[^1].Steps.Add(step);
            }
        }

        return new Dockerfile(stages);
    }

    /// <param name="Name">Of the stage, empty if it has none.</param>
    public sealed record Stage(string Image, string Name, List<Instruction> Steps)
    {
        /// <summary>The last instruction of a name.</summary>
        public Instruction Last(string name) => Steps.Last(step => step.Name == name);
    }

    /// <param name="Flags">By name, without the dashes.</param>
    public sealed record Instruction(string Name, IReadOnlyDictionary<string, string> Flags, string Rest)
    {
        /// <summary>A command in the exec form.</summary>
        public string[] Command => JsonSerializer.Deserialize<string[]>(Rest[Rest.IndexOf('[', StringComparison.Ordinal)..])!;

        public IReadOnlyList<string> Words => Rest.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        /// <summary>What COPY copies.</summary>
        public IEnumerable<string> Sources => Words.SkipLast(1);
    }

    [GeneratedRegex("^#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\\\n\s*")]
    private static partial Regex Continuation();

    [GeneratedRegex(@"^(?<name>[A-Z]+)(\s+--(?<flag>[a-z-]+=\S+))*(?<rest>\s.*)$")]
    private static partial Regex Line();
}
