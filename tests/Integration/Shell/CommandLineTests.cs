namespace P2PShare.Integration.Shell;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("A tracker is needed")]
    [InlineData("'nonsense' is not a tracker's address", "nonsense")]
    [InlineData("The tracker file is missing", "127.0.0.1:8001")]
    [InlineData("'more' is one word too many", "127.0.0.1:8001", "tracker_info.txt", "more")]
    [InlineData("'--bogus' is not an option", "--bogus")]
    [InlineData("-File needs", "-File")]
    [InlineData("-Command needs", "-Command")]
    [InlineData("demo takes one path", "demo", "a", "b")]
    public async Task A_wrong_command_line_is_explained_and_ends_with_2(string explanation, params string[] arguments)
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, arguments);

        Assert.Equal(2, shell.ExitCode);
        Assert.Contains(explanation, Assert.Single(shell.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_version_are_printed_without_a_tracker()
    {
        using var folder = new ShellFolder();
        using var help = await ShellProcess.RunAsync(folder, ["--help"]);
        using var version = await ShellProcess.RunAsync(folder, ["-Version"]);

        Assert.Equal(0, help.ExitCode);
        Assert.Contains(help.Output, line => line.Contains("<host:port> <tracker_info.txt>", StringComparison.Ordinal));
        Assert.Equal(0, version.ExitCode);
        Assert.Matches(@"^p2pshare \d+\.\d+\.\d+$", Assert.Single(version.Output));
    }

    [Fact]
    public async Task A_missing_tracker_file_is_named()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["127.0.0.1:8001", "no_such_file.txt"]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Matches("^Error: The tracker file '.*no_such_file.txt' does not exist", Assert.Single(shell.Errors));
    }

    [Theory]
    [InlineData("# only a comment\n", "names no tracker")]
    [InlineData("# one\n127.0.0.1:8001 abc\n", "Line 2 of the tracker file")]
    [InlineData("tracker:none\n", "Line 1 of the tracker file")]
    public async Task A_malformed_tracker_file_is_explained(string text, string explanation)
    {
        using var folder = new ShellFolder();
        folder.Write("tracker_info.txt", text);
        using var shell = await ShellProcess.RunAsync(folder, ["127.0.0.1:8001", "tracker_info.txt"]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Contains(explanation, Assert.Single(shell.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tracker_that_does_not_listen_is_named()
    {
        using var folder = new ShellFolder();
        // Port 1 is reserved, so that nothing listens there.
        folder.Write("tracker_info.txt", "127.0.0.1:1\n");
        using var shell = await ShellProcess.RunAsync(folder, ["127.0.0.1:1", "tracker_info.txt"]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Contains("The tracker 127.0.0.1:1 cannot be reached", Assert.Single(shell.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_the_module_is_named()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["--module", folder.Temporary, "-Command", "1"]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Contains(folder.Temporary, Assert.Single(shell.Errors), StringComparison.Ordinal);
    }
}
