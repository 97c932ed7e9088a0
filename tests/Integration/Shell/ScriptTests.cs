namespace P2PShare.Integration.Shell;

public sealed class ScriptTests
{
    [Theory]
    [InlineData("1 + 1", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("throw 'no'", 1)]
    [InlineData("no_such_command", 1)]
    [InlineData("1 +", 1)]
    [InlineData("Get-P2PGroup", 1)]
    [InlineData("Get-P2PGroup -ErrorAction Ignore", 1)]
    [InlineData("try { Get-P2PGroup } catch { 'caught' }", 0)]
    public async Task The_exit_code_reports_whether_a_command_failed(string text, int exitCode)
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["-Command", text]);

        Assert.True(exitCode == shell.ExitCode, shell.ToString());
    }

    [Fact]
    public async Task All_standard_cmdlets_are_available()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(
            folder, ["-Command", "1..5 | Select-Object -Last 2 | ConvertTo-Json -Compress; (Get-Item .).PSIsContainer; ('a b' | Select-String b).Matches.Value"]);

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Equal(["[4,5]", "True", "b"], shell.Output);
    }

    [Fact]
    public async Task A_script_reads_standard_input()
    {
        using var folder = new ShellFolder();
        folder.Write("x.ps1", "[Console]::In.ReadLine() + [Console]::In.ReadLine()");
        using var shell = await ShellProcess.RunAsync(folder, ["-File", "x.ps1"], "one\ntwo\n");

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Equal("onetwo", Assert.Single(shell.Output));
    }

    [Theory]
    [InlineData("\uFEFF'first'\n'second'\n")]
    [InlineData("\uFEFF# a comment\n'first'; 'second'\n")]
    public async Task A_byte_order_mark_before_the_first_command_is_skipped(string input)
    {
        using var folder = new ShellFolder();
        await using var tracker = await TestTracker.StartAsync();
        folder.Write("info.txt", $"{tracker.Address.Authority} {tracker.Address.Fingerprint}\n");
        using var shell = await ShellProcess.RunAsync(folder, [$"127.0.0.1:{LoopbackPort.FindFree()}", "info.txt"], input);

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Equal(["first", "second"], shell.Output.TakeLast(2));
    }

    [Fact]
    public async Task A_command_text_has_the_module_and_prints_objects_as_a_table()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(
            folder, ["-Command", "Get-Command Get-P2PFile, Send-P2PFile | Select-Object CommandType, Name"]);

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Equal(
            ["CommandType Name", "----------- ----", "     Cmdlet Get-P2PFile", "     Cmdlet Send-P2PFile"],
            shell.Output.Where(line => line.Length > 0));
    }

    [Fact]
    public async Task A_script_receives_its_arguments_literally()
    {
        using var folder = new ShellFolder();
        folder.Write("x.ps1", "param([string] $Path, [switch] $All, [string] $Rest)\n\"$Path|$All|$Rest\"\nexit 3\n");
        using var shell = await ShellProcess.RunAsync(folder, ["-File", "x.ps1", "-All", "-Path", @"D:\it's $5; done", "more"]);

        Assert.Equal(@"D:\it's $5; done|True|more", Assert.Single(shell.Output));
        Assert.Equal(3, shell.ExitCode);
    }

    [Fact]
    public async Task An_error_in_a_script_names_file_and_line()
    {
        using var folder = new ShellFolder();
        folder.Write("x.ps1", "'first'\nthrow 'it broke'\n'never'\n");
        using var shell = await ShellProcess.RunAsync(folder, ["-File", "x.ps1"]);

        Assert.Equal(["first"], shell.Output);
        Assert.Equal("Error: it broke (x.ps1:2)", Assert.Single(shell.Errors));
        Assert.Equal(1, shell.ExitCode);
    }

    [Fact]
    public async Task A_missing_script_is_named()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["-File", "none.ps1"]);

        Assert.Equal("Error: The script 'none.ps1' does not exist.", Assert.Single(shell.Errors));
        Assert.Equal(1, shell.ExitCode);
    }

    [Fact]
    public async Task An_echoed_script_shows_each_statement_and_ends_at_the_first_error()
    {
        using var folder = new ShellFolder();
        folder.Write("x.ps1", "# Two and two.\n$sum = 2 + 2\n\"it is $sum\"\nno_such_command\n'never'\n");
        using var shell = await ShellProcess.RunAsync(folder, ["--echo", "me", "-File", "x.ps1"]);

        Assert.Equal(["me> # Two and two.", "me> $sum = 2 + 2", "me> \"it is $sum\"", "me| it is 4", "me> no_such_command"], shell.Output);
        Assert.Contains("'no_such_command' is not a command", Assert.Single(shell.Errors), StringComparison.Ordinal);
        Assert.Equal(1, shell.ExitCode);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_running_script()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new ShellFolder();
        using var shell = ShellProcess.Start(folder, ["-Command", "'started'; Start-Sleep 600"]);
        await shell.WaitForLineAsync(line => line == "started");
        shell.Signal(ProcessSignal.Interrupt, group: false);
        await shell.WaitAsync();

        Assert.Equal(130, shell.ExitCode);
    }

    [Fact]
    public async Task Progress_is_not_written_if_the_output_is_not_a_terminal()
    {
        using var folder = new ShellFolder();
        folder.Write("x.ps1", """
            foreach ($percent in 0..100) {
                $record = [System.Management.Automation.ProgressRecord]::new(7, 'Copying', "$percent of 100")
                $record.PercentComplete = $percent
                $Host.UI.WriteProgress(1, $record)
            }
            'done'
            """);
        using var shell = await ShellProcess.RunAsync(folder, ["-File", "x.ps1"]);

        Assert.Equal(["done"], shell.Output);
        Assert.Empty(shell.Errors);
    }
}
