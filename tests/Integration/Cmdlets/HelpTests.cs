using System.Diagnostics;
using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace P2PShare.Integration.Cmdlets;

/// <summary>What Get-Help shows, and what the pages say about commands.</summary>
public sealed partial class HelpTests : IDisposable
{
    private static readonly string HelpFolder = Repository.Combine("out", "P2PShare", "en-US");

    private readonly TestShell _shell = new();

    public static TheoryData<string> Topics => ["about_P2PShare", "about_P2PShare_Security", "about_P2PShare_Scripting"];

    public static TheoryData<string> Pages => [.. Directory
        .EnumerateFiles(Repository.Root, "*.md", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden })
        .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
        .Where(path => !path.Split('/').Any(part => part is "out" or "bin" or "obj"))];

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Every_command_is_described_and_has_two_examples()
    {
        foreach (var command in Cmdlets())
        {
            var help = Help(command.Name);

            Assert.NotEmpty(Text(help, "details", "description"));
            Assert.NotEmpty(Text(help, "description"));
            Assert.True(help.Elements().Single(part => part.Name.LocalName == "examples").Elements().Count() >= 2, $"{command.Name} has fewer than two examples.");
        }
    }

    [Fact]
    public void Every_parameter_is_described_in_the_list_and_stands_in_the_syntax()
    {
        var common = Cmdlet.CommonParameters.ToHashSet();
        foreach (var command in Cmdlets())
        {
            var help = Help(command.Name);
            foreach (var parameter in command.Parameters.Keys.Where(name => !common.Contains(name)))
            {
                var places = help.Descendants().Where(part => part.Name.LocalName == "parameter" && Text(part, "name") == parameter).ToList();
                Assert.Contains(places, place => place.Parent!.Name.LocalName == "parameters");
                Assert.Contains(places, place => place.Parent!.Name.LocalName == "syntaxItem");
                Assert.All(places, place => Assert.NotEmpty(Text(place, "description")));
            }
        }
    }

    [Fact]
    public void The_syntax_is_that_of_the_command()
    {
        foreach (var command in Cmdlets())
        {
            var written = Help(command.Name).Descendants().Where(part => part.Name.LocalName == "syntaxItem")
                .Select(item => string.Join(' ', item.Elements().Where(part => part.Name.LocalName == "parameter").Select(Usage).Order()));
            var real = command.ParameterSets
                .Select(set => string.Join(' ', set.Parameters.Where(parameter => !Cmdlet.CommonParameters.Contains(parameter.Name)).Select(Usage).Order()));

            Assert.Equal(real.Order(), written.Order());
        }

        static string Usage(object parameter) => parameter is XElement element
            ? $"{Text(element, "name")}:{element.Attribute("required")!.Value}:{element.Attribute("position")!.Value}"
            : ((CommandParameterInfo)parameter) is { } info
                ? $"{info.Name}:{(info.IsMandatory ? "true" : "false")}:{(info.Position >= 0 ? info.Position.ToString(System.Globalization.CultureInfo.InvariantCulture) : "named")}"
                : "";
    }

    [Fact]
    public void Examples_name_commands_and_parameters_that_exist()
    {
        var check = CommandCheck.Of(_shell);

        var faults = Document().Descendants().Where(part => part.Name.LocalName == "code").SelectMany(code => check.FindFaults(code.Value));

        Assert.Empty(faults);
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public void Topics_name_commands_and_parameters_that_exist(string topic)
    {
        var lines = File.ReadAllLines(Path.Combine(HelpFolder, $"{topic}.help.txt"));
        var code = string.Join('\n', lines.Where(line => line.StartsWith("        ", StringComparison.Ordinal) && !ContinuedRow().IsMatch(line)));

        Assert.NotEmpty(code);
        Assert.Empty(CommandCheck.Of(_shell).FindFaults(code));
        Assert.Empty(CommandName().Matches(string.Join('\n', lines)).Select(match => match.Value).Except(Names()));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_name_commands_and_parameters_that_exist(string page)
    {
        var check = CommandCheck.Of(_shell);
        var blocks = CodeBlock.Read(Repository.Root, page)
            .Where(block => block.Language is "powershell" || (block.Language is "" && block.Marks.Count == 0 && CommandName().IsMatch(block.Text)));

        Assert.Empty(blocks.SelectMany(block => check.FindFaults(block.Text).Select(fault => $"{block}: {fault}")));
        Assert.Empty(CommandName().Matches(File.ReadAllText(Repository.Combine(page))).Select(match => match.Value).Except(Names()));
    }

    [Theory]
    [InlineData("Get-P2PFiles", "no Get-P2PFiles")]
    [InlineData("get-p2pfile dev", "no get-p2pfile")]
    [InlineData("Get-P2PFile -Groups dev", "no parameter -Groups")]
    [InlineData("Get-P2PFile | ForEach-Object { Receive-P2PFile $_ -Wait }", "no parameter -Wait")]
    [InlineData("Receive-P2PFile dev", "no parameter set")]
    [InlineData("Receive-P2PFile -InputObject $file -Name x", "no parameter set")]
    [InlineData("Get-P2PGroup dev ops", "no parameter set")]
    [InlineData("Send-P2PFile x -Group", "-Group has no value")]
    [InlineData("Get-P2PFile 'dev", "dev")]
    public void A_mistake_in_a_script_is_found(string script, string fault) =>
        Assert.Contains(CommandCheck.Of(_shell).FindFaults(script), found => found.Contains(fault, StringComparison.Ordinal));

    [Fact]
    public void The_page_on_scripting_lists_every_error_with_its_category()
    {
        var faults = Cmdlets().First().ImplementingType.Assembly.GetType("P2PShare.Cmdlets.Pipeline.Faults")!
            .GetField("Table", BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
        var table = ((System.Collections.IDictionary)faults).Keys.Cast<string>()
            .ToDictionary(code => code, code => (ErrorCategory)((System.Runtime.CompilerServices.ITuple)((System.Collections.IDictionary)faults)[code]!)[0]!);

        var page = File.ReadLines(Path.Combine(HelpFolder, "about_P2PShare_Scripting.help.txt"))
            .Select(line => ErrorRow().Match(line)).Where(row => row.Success && Enum.TryParse<ErrorCategory>(row.Groups[2].Value, out _))
            .ToDictionary(row => row.Groups[1].Value, row => Enum.Parse<ErrorCategory>(row.Groups[2].Value));

        Assert.Equal(table.OrderBy(row => row.Key), page.OrderBy(row => row.Key));
    }

    [Fact]
    public async Task The_build_fails_if_a_parameter_is_not_explained_or_an_example_is_missing()
    {
        var comments = XDocument.Load(Repository.Built("src/P2PShare.Cmdlets", "P2PShare.Cmdlets.xml"));
        comments.Descendants("member").Single(member => member.Attribute("name")!.Value.EndsWith(".GetP2PFile.Name", StringComparison.Ordinal)).Remove();
        comments.Descendants("member").Single(member => member.Attribute("name")!.Value.EndsWith(".JoinP2PGroup", StringComparison.Ordinal)).Elements("example").Skip(1).Remove();
        var path = _shell.Combine("comments.xml");
        comments.Save(path);

        var writer = await ProcessOutput.RunAsync("dotnet", [
            Repository.Built("tools/HelpWriter", "P2PShare.HelpWriter.dll"), Repository.Built("src/P2PShare.Cmdlets", "P2PShare.Cmdlets.dll"),
            path, Repository.Built("src/P2PShare.Transfer", ""), _shell.Combine("help.xml"),
        ]);

        Assert.Equal(1, writer.ExitCode);
        Assert.Contains("error HELP1: Get-P2PFile -Name has no <summary>", writer.Error, StringComparison.Ordinal);
        Assert.Contains("error HELP1: Join-P2PGroup has 1 complete examples of 1", writer.Error, StringComparison.Ordinal);
        Assert.Equal(2, writer.Error.TrimEnd().Split('\n').Length);
    }

    private static XDocument Document() => XDocument.Load(Path.Combine(HelpFolder, "P2PShare.Cmdlets.dll-Help.xml"));

    private static XElement Help(string command) => Document().Root!.Elements().Single(help => Text(help, "details", "name") == command);

    private static string Text(XElement element, params string[] path) =>
        path.Aggregate(element, (at, name) => at.Elements().First(part => part.Name.LocalName == name)).Value.Trim();

    private IEnumerable<CmdletInfo> Cmdlets() => _shell.Succeed("Get-Command -Module P2PShare -CommandType Cmdlet").Select(command => (CmdletInfo)command.BaseObject);

    private IEnumerable<string> Names() => _shell.Succeed("(Get-Command -Module P2PShare).Name").Select(name => (string)name.BaseObject);

    [GeneratedRegex(@"\b[A-Z][a-z]+-P2P[A-Za-z]+\b(?!\.ps1)")]
    private static partial Regex CommandName();

    [GeneratedRegex(@"^ {6}([A-Z]\w+) +([A-Z]\w+)$")]
    private static partial Regex ErrorRow();

    // The second column of a table goes on below itself.
    [GeneratedRegex(@"^ {20,}")]
    private static partial Regex ContinuedRow();
}
