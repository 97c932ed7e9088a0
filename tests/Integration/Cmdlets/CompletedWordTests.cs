using System.Management.Automation;
using System.Management.Automation.Language;
using P2PShare.Protocol.Names;

namespace P2PShare.Integration.Cmdlets;

/// <summary>A completion is one string argument, whatever characters a name has and whatever was typed before it.</summary>
public sealed class CompletedWordTests
{
    // PowerShell's tokenizer takes U+0027 and U+2018 to U+201B for a single, U+0022 and U+201C to U+201E for a double quotation mark.
    private const string Marks = "'\u2018\u2019\u201A\u201B\"\u201C\u201D\u201E";
    private const string Special = Marks + "`$;&|(){}<>@#,- \n\t*?[]~%!=+:";

    private static readonly IReadOnlyList<string> Names =
    [
        .. Special.SelectMany(c => new[] { $"x{c}y", $"{c}x", $"x{c}", $"{c}{c}", $"x{c};whoami;{c}" }),
        "-Force", "--%", "$(whoami)", "`u{41}", "$env:PATH", "1kb", "0x10", "1..3", "@x", "plain.bin", "if", "2024.zip", "a/b.bin",
    ];

    private static readonly string[] Begun = ["", "'", "\"", "\u2018", "\u2019", "\u201A", "\u201B", "\u201C", "\u201D", "\u201E", "'x", "\"x", "\u201Cx", "x", "\u2018x", "\"$", "\"`\"", "''''"];

    [Theory]
    [InlineData("Get-P2PFile -Group ")]
    [InlineData("Get-P2PFile g -Name ")]
    [InlineData("Set-P2PGroupOwner g -UserName ")]
    [InlineData("Approve-P2PJoinRequest g -UserName ")]
    [InlineData("Get-P2PPeer g ")]
    public async Task A_name_of_a_hostile_tracker_is_completed_as_one_string(string command)
    {
        await using var tracker = await HostileTracker.StartAsync();
        tracker.Names = Names;
        using var shell = tracker.Connect();

        // A control character does not get past the reading of the answer.
        AssertOneStringEach(shell, command, [.. Names.Select(PrintableCharacter.Defuse)]);
    }

    [Fact]
    public async Task A_download_is_completed_as_one_string()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = TestShell.Connected(tracker, "alice");
        alice.Succeed("New-P2PGroup dev");
        var names = Marks.Replace("\"", "").Select(c => $"x{c};whoami").Append("$(whoami).bin").Append("-Force.bin").Append("`x").ToList();
        foreach (var name in names)
        {
            alice.Succeed("$null = Send-P2PFile -LiteralPath $source -Group dev -Name $name", ("source", alice.MakeFile("x.bin", 0)), ("name", name));
        }

        alice.Succeed("Get-P2PFile dev | Receive-P2PFile -Destination $to", ("to", alice.Combine("to")));

        AssertOneStringEach(alice, "Stop-P2PDownload -Name ", names);
    }

    private static void AssertOneStringEach(TestShell shell, string command, IReadOnlyList<string> names)
    {
        var completed = new HashSet<string>();
        foreach (var begun in Begun)
        {
            foreach (var line in Complete(shell, command + begun))
            {
                var argument = Assert.Single(Arguments(line, command));
                Assert.True(argument is StringConstantExpressionAst { StringConstantType: StringConstantType.BareWord or StringConstantType.SingleQuoted }, $"{line}: {argument.GetType().Name}");
                var name = ((StringConstantExpressionAst)argument).Value;
                Assert.Contains(name, names);
                completed.Add(name);
            }
        }

        Assert.Equal(names.Distinct().Order(StringComparer.Ordinal), completed.Order(StringComparer.Ordinal));
    }

    /// <summary>The lines that a user can get with Tab.</summary>
    private static IEnumerable<string> Complete(TestShell shell, string line)
    {
        var completion = (CommandCompletion)shell.Succeed("TabExpansion2 $line $line.Length", ("line", line)).Single().BaseObject;
        return completion.CompletionMatches.Where(match => match.ResultType == CompletionResultType.ParameterValue).Select(
            match => line[..completion.ReplacementIndex] + match.CompletionText + line[(completion.ReplacementIndex + completion.ReplacementLength)..]);
    }

    /// <summary>The arguments of a line's only command that are not part of <paramref name="before"/>.</summary>
    private static IEnumerable<CommandElementAst> Arguments(string line, string before)
    {
        var script = Parser.ParseInput(line, out _, out var errors);
        Assert.True(errors.Length == 0, $"{line}: {errors.FirstOrDefault()?.Message}");
        var pipeline = Assert.IsType<PipelineAst>(Assert.Single(script.EndBlock.Statements));
        var command = Assert.IsType<CommandAst>(Assert.Single(pipeline.PipelineElements));
        Assert.Empty(command.Redirections);
        return command.CommandElements.Where(element => element.Extent.StartOffset >= before.Length);
    }
}
