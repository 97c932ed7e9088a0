
namespace P2PShare.Integration.Shell;

public sealed class OriginalCommandTests : IAsyncLifetime, IDisposable
{
    private readonly ShellFolder _folder = new();
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
    public async Task The_original_documents_session_prints_the_originals_answers()
    {
        _folder.WriteRandom("report one.bin", 100_000);
        using var john = Start("john");
        using var mary = Start("mary");

        await john.TypeAsync("create_user john password123", "User created successfully");
        await john.TypeAsync("login john password123", "Login successful");
        await john.TypeAsync("create_group dev", "Group created successfully");
        await john.TypeAsync("upload_file \"report one.bin\" dev", "File uploaded successfully");

        await mary.TypeAsync("create_user mary password456", "User created successfully");
        await mary.TypeAsync("login mary password456", "Login successful");
        await mary.TypeAsync("list_groups", "dev (owner: john)");
        await mary.TypeAsync("join_group dev", "Join request sent");

        await john.TypeAsync("list_requests dev", "mary");
        await john.TypeAsync("accept_request dev mary", "User accepted to group");

        await mary.TypeAsync("list_files dev", "report one.bin (100000 bytes, owner: john)");
        await mary.TypeAsync("download_file dev \"report one.bin\" received", "Download complete: [dev] report one.bin");
        await mary.TypeAsync("show_downloads", "[C] [dev] report one.bin");
        await mary.TypeAsync("leave_group dev", "Left group successfully");
        await mary.TypeAsync("logout", "Logged out successfully");

        await john.TypeAsync("stop_share dev \"report one.bin\"", "File sharing stopped");
        await john.TypeAsync("list_files dev", "No files in dev");
        await john.TypeAsync("list_requests dev", "No pending requests for dev");
        await john.TypeAsync("show_downloads", "No downloads yet");
        foreach (var shell in new[] { john, mary })
        {
            await shell.TypeAsync("'and exit'\nexit", "and exit");
            await shell.WaitAsync();
            Assert.True(shell.ExitCode == 0, shell.ToString());
            Assert.Empty(shell.Errors);
        }

        Assert.DoesNotContain(john.Output, line => line.StartsWith("report one.bin", StringComparison.Ordinal));
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "report one.bin")),
            await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "received", "report one.bin")));
    }

    [Fact]
    public async Task A_user_who_is_not_a_member_sees_no_files()
    {
        using var shell = await RunAsync("""
            create_user ann password-of-ann
            create_user ben password-of-ben
            login ann password-of-ann
            create_group dev
            logout
            login ben password-of-ben
            join_group dev
            list_files dev
            accept_request dev ben
            """);

        Assert.Equal(1, shell.ExitCode);
        Assert.Equal("Join request sent", shell.Output[^1]);
        Assert.Equal(2, shell.Errors.Length);
        Assert.All(shell.Errors, error => Assert.StartsWith("Error: ", error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_is_literal_and_never_shown()
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
    public async Task Backslashes_and_dollars_in_a_path_are_literal()
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

    [Fact]
    public async Task A_wrong_line_is_explained_and_the_next_one_still_runs()
    {
        (string Line, string Explanation)[] wrong =
        [
            ("create_user john", "create_user needs <password>: create_user <user_id> <password>, for example: create_user john "),
            ("download_file dev", "download_file needs <file_name>: download_file <group_id> <file_name> <destination_path>"),
            ("create_group my group", "create_group has more words than it takes: create_group <group_id>"),
            ("create_group \"dev", "The quotation mark \" must be closed"),
            ("create_grup dev", "'create_grup' is not a command here. Did you mean create_group?"),
            ("Get-P2PGruop", "'Get-P2PGruop' is not a command here. Did you mean Get-P2PGroup?"),
            ("frobnicate", "'frobnicate' is not a command here. Type 'help' for the list."),
            ("list_groups", "You are not logged in. Use login <user_id> <password> first."),
            ("logout", "You are not logged in."),
        ];
        using var shell = await RunAsync(string.Join('\n', wrong.Select(item => item.Line).Append("'next'")));

        Assert.Equal(1, shell.ExitCode);
        Assert.Equal(["next"], shell.Output);
        Assert.Equal(wrong.Length, shell.Errors.Length);
        Assert.All(wrong.Zip(shell.Errors), pair => Assert.StartsWith("Error: " + pair.First.Explanation, pair.Second, StringComparison.Ordinal));
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
    public async Task Help_explains_one_command_with_an_example()
    {
        using var shell = await RunAsync("help download_file\n");

        Assert.Equal(
            [
                "  download_file <group_id> <file_name> <destination_path>", "  receive a file",
                "  Example: download_file dev report.pdf ./received", "  In PowerShell: Receive-P2PFile",
            ],
            shell.Output);
    }

    [Fact]
    public async Task All_other_lines_are_PowerShell_also_multiline_statements()
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

    private ShellProcess Start(string person) => ShellProcess.Start(_folder, _connection, home: person);

    private Task<ShellProcess> RunAsync(string input) => ShellProcess.RunAsync(_folder, _connection, input.ReplaceLineEndings("\n") + "\n");
}
