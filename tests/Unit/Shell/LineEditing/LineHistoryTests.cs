using P2PShare.Shell.Commands;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Unit.Shell.LineEditing;

public sealed class LineHistoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_typed_is_there_in_the_next_run_and_nobody_elses_to_read()
    {
        var path = _folder.Combine("state", "history.txt");
        var first = new LineHistory(path);
        first.Add("list_groups");
        first.Add("list_groups");
        first.Add("   ");
        first.Add("not for the file", inFile: false);
        first.Add("join_group dev");

        Assert.Equal(["list_groups", "not for the file", "join_group dev"], first.Lines);
        Assert.Equal(["list_groups", "join_group dev"], new LineHistory(path).Lines);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void A_long_history_is_cut_to_its_last_thousand_lines()
    {
        var path = _folder.Combine("history.txt");
        File.WriteAllLines(path, Enumerable.Range(1, 2500).Select(number => $"line {number}"));

        Assert.Equal("line 1501", new LineHistory(path).Lines[0]);
        Assert.Equal(1000, File.ReadAllLines(path).Length);
    }

    [Fact]
    public void A_file_that_cannot_be_used_costs_the_past_only()
    {
        var history = new LineHistory(_folder.Path);
        history.Add("list_groups");

        Assert.Equal("list_groups", history.Previous(""));
    }

    [Theory]
    [InlineData("login john geheim", "login john")]
    [InlineData("  create_user   john   \"ge heim\"", "create_user john")]
    [InlineData("logn john geheim", "logn john")]
    [InlineData("Login john geheim", "Login john")]
    [InlineData("create_usr john geheim", "create_usr john")]
    [InlineData("create_group geheim", "create_group geheim")]
    [InlineData("logout", "logout")]
    [InlineData("Get-P2PGroup | Where-Object Role -eq Owner", "Get-P2PGroup | Where-Object Role -eq Owner")]
    public void No_password_gets_into_the_history(string typed, string kept) => Assert.Equal(kept, HistoryPolicy.Redact(typed));

    [Theory]
    [InlineData("$p = ConvertTo-SecureString geheim -AsPlainText", false)]
    [InlineData("$env:API_TOKEN = 'x'", false)]
    [InlineData("login john", true)]
    [InlineData("Get-P2PGroup", true)]
    public void What_speaks_of_secrets_does_not_outlive_the_program(string line, bool kept) => Assert.Equal(kept, HistoryPolicy.MayBeKept(line));

    [Theory]
    [InlineData("")]
    [InlineData("\0\u0001\uFFFD")]
    [InlineData(null)]
    public void A_history_that_is_damaged_or_a_folder_does_not_stop_the_prompt(string? text)
    {
        var path = _folder.Combine("history.txt");
        if (text is null)
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            File.WriteAllText(path, text);
        }

        var history = new LineHistory(path);
        history.Add("Get-P2PFile dev");

        Assert.Equal("Get-P2PFile dev", history.Previous(""));
    }
}
