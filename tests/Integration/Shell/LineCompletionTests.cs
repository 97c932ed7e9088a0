using System.Collections.ObjectModel;
using System.Management.Automation;
using P2PShare.Shell.Commands;
using P2PShare.Shell.Hosting;

namespace P2PShare.Integration.Shell;

public sealed class LineCompletionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _asked = [];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("create_", "create_user|create_group")]
    [InlineData("down", "download_file ")]
    [InlineData("help acc", "accept_request ")]
    public void The_originals_commands_are_completed(string line, string expected) => Assert.Equal(expected, Complete(line));

    [Theory]
    [InlineData("join_group d", "Get-P2PFile -Group 'd'")]
    [InlineData("leave_group ", "Get-P2PFile -Group ")]
    [InlineData("list_files 'my gr", "Get-P2PFile -Group 'my gr'")]
    [InlineData("accept_request dev m", "Approve-P2PJoinRequest -Group 'dev' -UserName 'm'")]
    [InlineData("download_file \"my group\" r", "Get-P2PFile -Group 'my group' -Name 'r'")]
    [InlineData("stop_share dev ", "Get-P2PFile -Group 'dev' -Name ")]
    [InlineData("Get-P2PF", "Get-P2PF")]
    public void Groups_files_and_users_are_completed_by_the_cmdlets_completers(string line, string asked)
    {
        Complete(line);

        Assert.Equal(asked, Assert.Single(_asked));
    }

    [Theory]
    [InlineData("login john ")]
    [InlineData("create_group ")]
    [InlineData("create_user ")]
    [InlineData("list_groups x")]
    public void New_names_and_passwords_are_not_completed(string line)
    {
        Assert.Equal("", Complete(line));
        Assert.Empty(_asked);
    }

    [Fact]
    public void A_completion_with_spaces_is_quoted_and_a_single_one_ends_with_a_space()
    {
        Assert.Equal("\"report one.pdf\" ", Complete("download_file dev r", "report one.pdf"));
        Assert.Equal("a.bin|\"b c.bin\"", Complete("download_file dev ", "a.bin", "b c.bin"));
    }

    [Theory]
    [InlineData("it's here.bin", "\"it's here.bin\" ")]
    [InlineData("a \"b\".bin", "'a \"b\".bin' ")]
    [InlineData("'begins.bin", "\"'begins.bin\" ")]
    [InlineData("\"begins.bin", "'\"begins.bin' ")]
    [InlineData("\u201Crep\u201D;whoami", "\u201Crep\u201D;whoami ")]
    [InlineData("-x", "-x ")]
    [InlineData("a \"'b", "")]
    public void A_completion_is_the_one_word_that_the_command_reads(string name, string expected) =>
        Assert.Equal(expected, Complete("download_file dev ", name));

    [Fact]
    public void Local_files_and_folders_are_completed()
    {
        File.WriteAllText(_folder.Combine("notes one.txt"), "");
        File.WriteAllText(_folder.Combine(".hidden"), "");
        Directory.CreateDirectory(_folder.Combine("nested"));

        Assert.Equal($"{_folder.Combine("nested")}/|\"{_folder.Combine("notes one.txt")}\"", Complete($"upload_file {_folder.Path}{Path.DirectorySeparatorChar}"));
        Assert.Equal($"\"{_folder.Combine("notes one.txt")}\" ", Complete($"upload_file \"{_folder.Combine("no")}"));
        Assert.Equal($"{_folder.Combine("nested")}/", Complete($"download_file dev x {_folder.Combine("n")}"));
        Assert.Equal("", Complete($"upload_file {_folder.Combine("no", "such", "folder", "x")}"));
    }

    [Theory]
    [InlineData("create_grup", "create_group")]
    [InlineData("lsit_groups", "list_groups")]
    [InlineData("LOGIN", "login")]
    [InlineData("upload_files", "upload_file")]
    [InlineData("frobnicate", null)]
    public void The_nearest_command_is_found_if_its_distance_is_small(string typed, string? expected) =>
        Assert.Equal(expected, NearestName.Find(typed, ["create_user", "create_group", "list_groups", "login", "logout", "upload_file"]));

    private string Complete(string line, params string[] answers)
    {
        var completion = new LineCompletion((script, cursor) =>
        {
            _asked.Add(script[..cursor]);
            var matches = answers.Select(answer => new CompletionResult(answer, answer, CompletionResultType.ParameterValue, answer));
            return new CommandCompletion(new Collection<CompletionResult>([.. matches]), -1, 0, 0);
        }).Complete(line, line.Length);
        return string.Join('|', completion.Texts);
    }
}
