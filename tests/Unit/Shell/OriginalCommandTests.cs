using P2PShare.Unit.TrackerHost;

namespace P2PShare.Unit.Shell;

public sealed class OriginalCommandTests : IAsyncLifetime, IDisposable
{
    private readonly TestFolder _folder = new();
    private TestTracker _tracker = null!;
    private string[] _connection = [];

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        var info = _folder.Write("tracker_info.txt", $"{_tracker.Address.Authority} {_tracker.Address.Fingerprint}\n");
        _connection = [_tracker.Address.Authority, info];
    }

    public async Task DisposeAsync() => await _tracker.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_session_as_the_original_documents_it_gives_the_originals_answers()
    {
        _folder.WriteRandom("report one.bin", 100_000);
        using var shell = await RunAsync("""
            create_user john password123
            login john password123
            create_group dev
            list_groups
            list_requests dev
            upload_file "report one.bin" dev
            list_files dev
            download_file dev "report one.bin" received
            show_downloads
            stop_share dev "report one.bin"
            list_files dev
            logout
            exit
            """);

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Empty(shell.Errors);
        Assert.Equal(
            [
                "User created successfully",
                "Login successful",
                "Group created successfully",
                "dev (owner: john)",
                "File uploaded successfully",
                "report one.bin (100000 bytes, owner: john)",
                "Download complete: [dev] report one.bin",
                "[C] [dev] report one.bin",
                "File sharing stopped",
                "Logged out successfully",
            ],
            shell.Output.Where(line => !line.StartsWith("Receiving", StringComparison.Ordinal)));
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "report one.bin")),
            await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "received", "report one.bin")));
    }

    [Fact]
    public async Task Joining_takes_a_request_and_the_owners_approval()
    {
        using var first = await RunAsync("""
            create_user ann password-of-ann
            create_user ben password-of-ben
            login ann password-of-ann
            create_group dev
            logout
            login ben password-of-ben
            join_group dev
            list_files dev
            logout
            login ann password-of-ann
            list_requests dev
            accept_request dev ben
            list_requests dev
            logout
            login ben password-of-ben
            list_files dev
            leave_group dev
            leave_group dev
            """);

        Assert.Equal(1, first.ExitCode);
        Assert.Contains("Join request sent", first.Output);
        Assert.Equal(["ben", "User accepted to group"], first.Output.SkipWhile(line => line != "ben").Take(2));
        Assert.Contains("Left group successfully", first.Output);
        // Not a member yet, and not a member any more.
        Assert.Equal(2, first.Errors.Length);
        Assert.All(first.Errors, error => Assert.StartsWith("Error: ", error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_is_taken_as_it_stands_and_shown_nowhere()
    {
        const string Password = "pa$$;w\"o|rd`#1";
        using var shell = await RunAsync($"""
            create_user john {Password}
            login john wrong-{Password}
            login john {Password}
            Get-History
            $Error | ForEach-Object InvocationInfo | ForEach-Object Line
            $Error | ForEach-Object ToString
            """);

        Assert.Contains("Login successful", shell.Output);
        Assert.Contains(shell.Errors, error => error.StartsWith("Error: ", StringComparison.Ordinal));
        Assert.DoesNotContain(Password, shell.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backslashes_and_dollars_in_a_path_are_no_escapes()
    {
        using var shell = await RunAsync("""
            create_user john password123
            login john password123
            create_group dev
            upload_file C:\no\such\$file.txt dev
            """);

        Assert.Contains(@"\no\such\$file.txt", Assert.Single(shell.Errors), StringComparison.Ordinal);
        Assert.Equal(1, shell.ExitCode);
    }

    [Theory]
    [InlineData("create_user john", "create_user needs <password>: create_user <user_id> <password>")]
    [InlineData("download_file dev", "download_file needs <file_name>: download_file <group_id> <file_name> <destination_path>")]
    [InlineData("create_group my group", "create_group has more words than it takes: create_group <group_id>")]
    [InlineData("create_group \"dev", "The quotation mark \" must be closed")]
    [InlineData("create_grup dev", "'create_grup' is not a command here")]
    [InlineData("list_groups", "You are not logged in. Use login <user_id> <password> first.")]
    [InlineData("logout", "You are not logged in.")]
    public async Task A_wrong_line_is_explained_and_the_next_one_still_runs(string line, string explanation)
    {
        using var shell = await RunAsync(line + "\n'next'\n");

        Assert.StartsWith("Error: " + explanation, Assert.Single(shell.Errors), StringComparison.Ordinal);
        Assert.Equal(["next"], shell.Output);
        Assert.Equal(1, shell.ExitCode);
    }

    [Fact]
    public async Task Help_lists_every_command_of_the_original()
    {
        using var shell = await RunAsync("help\n");

        foreach (var command in new[]
        {
            "create_user", "login", "logout", "create_group", "join_group", "leave_group", "list_requests", "accept_request",
            "list_groups", "list_files", "upload_file", "download_file", "show_downloads", "stop_share", "help", "exit",
        })
        {
            Assert.Contains(shell.Output, line => line.TrimStart().Split(' ')[0] == command);
        }
    }

    [Fact]
    public async Task Anything_else_typed_is_PowerShell_also_over_several_lines()
    {
        using var shell = await RunAsync("""
            create_user john password123
            login john password123
            foreach ($name in 'one', 'two') {
                create_group $name
            }
            Get-P2PGroup | ForEach-Object Name
            exit 4
            'never'
            """);

        Assert.Equal(["Group created successfully", "Group created successfully", "one", "two"], shell.Output.Skip(2));
        Assert.Equal(4, shell.ExitCode);
    }

    [Fact]
    public async Task A_tracker_without_a_fingerprint_in_the_file_is_not_trusted()
    {
        _folder.Write("tracker_info.txt", _tracker.Address.Authority + "\n");
        using var shell = await RunAsync("create_user john password123\n");

        var error = Assert.Single(shell.Errors);
        Assert.Contains(_tracker.Address.Fingerprint.ToString()!, error, StringComparison.Ordinal);
        Assert.Contains("tracker_info.txt", error, StringComparison.Ordinal);
        Assert.Equal(1, shell.ExitCode);
    }

    private Task<ShellProcess> RunAsync(string input) => ShellProcess.RunAsync(_folder, _connection, input.ReplaceLineEndings("\n") + "\n");
}
