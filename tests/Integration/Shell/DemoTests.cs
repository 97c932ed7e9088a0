namespace P2PShare.Integration.Shell;

public sealed class DemoTests
{
    [Theory]
    [InlineData("it's a file.bin", 3_000_001)]
    [InlineData("empty.bin", 0)]
    public async Task Demo_sends_a_file_and_leaves_no_files_or_processes(string name, int size)
    {
        using var folder = new ShellFolder();
        var path = folder.WriteRandom(name, size);
        using var shell = await ShellProcess.RunAsync(folder, ["demo", path]);

        Assert.True(shell.ExitCode == 0, shell.ToString());
        Assert.Equal("demo: ok", shell.Output[^1]);
        Assert.DoesNotContain(shell.Output.Concat(shell.Errors), line => line.Contains("WARNING", StringComparison.Ordinal));
        Assert.Contains(shell.Output, line => line.StartsWith("alice> Send-P2PFile", StringComparison.Ordinal));
        Assert.Contains(shell.Output, line => line.StartsWith("bob> $file | Receive-P2PFile", StringComparison.Ordinal));
        foreach (var fact in new[] { "size:", "time:", "speed:", "SHA-256:", "pieces root:", "peak memory:" })
        {
            Assert.Contains(shell.Output, line => line.StartsWith(fact, StringComparison.Ordinal));
        }

        AssertNothingIsLeft(folder);
    }

    [Fact]
    public async Task A_missing_path_is_named()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["demo", "none.bin"]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Equal("Error: The file 'none.bin' does not exist.", Assert.Single(shell.Errors));
        AssertNothingIsLeft(folder);
    }

    [Fact]
    public async Task A_folder_is_refused()
    {
        using var folder = new ShellFolder();
        using var shell = await ShellProcess.RunAsync(folder, ["demo", folder.Temporary]);

        Assert.Equal(1, shell.ExitCode);
        Assert.Contains("is a folder", Assert.Single(shell.Errors), StringComparison.Ordinal);
        AssertNothingIsLeft(folder);
    }

    [Theory]
    [InlineData(ProcessSignal.Interrupt, true)]
    [InlineData(ProcessSignal.Interrupt, false)]
    [InlineData(ProcessSignal.Terminate, false)]
    public async Task An_interrupted_demo_leaves_no_files_or_processes(int signal, bool group)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new ShellFolder();
        using var shell = ShellProcess.Start(folder, ["demo", folder.WriteRandom("file.bin", 5_000_000)], ownGroup: group);
        await shell.WaitForLineAsync(line => line.StartsWith("bob> ", StringComparison.Ordinal));
        shell.Signal(signal, group);
        await shell.WaitAsync();

        Assert.Equal(130, shell.ExitCode);
        Assert.Equal("demo: interrupted", shell.Errors[^1]);
        AssertNothingIsLeft(folder);
    }

    private static void AssertNothingIsLeft(ShellFolder folder)
    {
        Assert.Empty(folder.LeftInTemporary);
        Assert.Empty(folder.FindProcesses());
    }
}
