using System.Management.Automation.Language;

namespace P2PShare.Integration.Cmdlets;

/// <summary>The samples, as far as the bare engine goes; the Pester suite runs them.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly string Folder = Repository.Combine("samples");

    private readonly TestShell _shell = new();

    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(Folder, "*.ps1").Select(path => Path.GetFileName(path)!)];

    public void Dispose() => _shell.Dispose();

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_sample_names_commands_and_parameters_that_exist(string name) =>
        Assert.Empty(CommandCheck.Of(_shell).FindFaults(File.ReadAllText(Path.Combine(Folder, name))));

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_sample_explains_itself_and_each_of_its_parameters(string name)
    {
        var script = Parser.ParseFile(Path.Combine(Folder, name), out _, out _);
        var help = script.GetHelpContent();

        Assert.False(string.IsNullOrWhiteSpace(help.Synopsis));
        Assert.False(string.IsNullOrWhiteSpace(help.Description));
        Assert.True(help.Examples.Count >= 2);
        Assert.Equal(
            script.ParamBlock.Parameters.Select(parameter => parameter.Name.VariablePath.UserPath.ToUpperInvariant()).Order(),
            help.Parameters.Keys.Order());
    }

    [Fact]
    public void The_systemd_unit_runs_a_sample_with_parameters_that_exist()
    {
        var unit = File.ReadAllText(Path.Combine(Folder, "p2pshare-mirror.service")).Replace("\\\n", " ", StringComparison.Ordinal);
        var command = unit.Split('\n').Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal));
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var file = Path.GetFileName(words[Array.IndexOf(words, "-File") + 1]);
        var parameters = Parser.ParseFile(Path.Combine(Folder, file), out _, out _).ParamBlock.Parameters
            .Select(parameter => "-" + parameter.Name.VariablePath.UserPath);

        Assert.Empty(words.SkipWhile(word => word != "-File").Skip(1).Where(word => word.StartsWith('-')).Except(parameters));
    }
}
