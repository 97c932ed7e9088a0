using Microsoft.Data.Sqlite;

namespace P2PShare.Integration.Cmdlets;

/// <summary>Downloads that this shell's peer server does not have in hand: none runs, or another shell has them.</summary>
public sealed class DownloadCmdletTests : CmdletTest
{
    private const int Size = 2_000_000;

    [Fact]
    public async Task Downloads_are_shown_stopped_and_removed_without_starting_a_peer_server()
    {
        await LeaveUnfinishedAsync();
        Assert.Equal("Suspended", State(Bob));
        Assert.Equal("dev: data.bin", Bob.Succeed("Get-P2PDownload").Single().ToString());
        Bob.Succeed("Get-P2PDownload | Suspend-P2PDownload");

        Assert.Equal("Stopped", Bob.Succeed("(Get-P2PDownload | Stop-P2PDownload -PassThru).State.ToString()").Single().BaseObject);
        Assert.Equal("Stopped", State(Bob));
        Bob.Succeed("Remove-P2PDownload data.bin");

        Assert.Empty(Bob.Succeed("Get-P2PDownload; Get-P2PPeerServer"));
        Assert.False(File.Exists(Bob.Combine("data.bin.p2ppart")));
    }

    [Fact]
    public async Task A_download_is_resumed_in_a_new_shell_after_its_shell_died()
    {
        await LeaveUnfinishedAsync();
        // A machine that lost its power had no time to write what it left behind.
        Write("UPDATE downloads SET state = 'Running'");
        using var later = Again(Bob);
        Assert.Equal("Suspended", State(later));
        Assert.NotEqual(0L, later.Succeed("(Get-P2PDownload).BytesReceived").Single().BaseObject);

        Assert.Equal("Running", later.Succeed("(Get-P2PDownload | Resume-P2PDownload -PassThru).State.ToString()").Single().BaseObject);

        Alice.Succeed("Set-P2PPeerServer -UploadLimit 0");
        await Eventually.HoldsAsync(() => State(later) == "Complete", "the download has gone on to its end");
        Assert.Equal(File.ReadAllBytes(Alice.Combine("data.bin")), File.ReadAllBytes(Bob.Combine("data.bin")));
    }

    [Fact]
    public async Task A_download_of_another_shell_is_shown_and_not_changed()
    {
        await StartSlowlyAsync();
        using var other = Again(Bob);
        Assert.Equal("Running", State(other));

        foreach (var server in new[] { "", "$null = Start-P2PPeerServer" })
        {
            other.Succeed(server);
            foreach (var verb in new[] { "Suspend", "Stop", "Resume", "Remove" })
            {
                Assert.Equal("DestinationInUse", other.Fail($"{verb}-P2PDownload data.bin"));
            }
        }

        Assert.True(File.Exists(Bob.Combine("data.bin.p2ppart")));
        Assert.Equal("Running", State(Bob));
        Bob.Succeed("Suspend-P2PDownload data.bin");
        Assert.Equal("Suspended", State(other));
        Bob.Succeed("Resume-P2PDownload data.bin");
        await Eventually.HoldsAsync(() => State(other) == "Running", "the other shell sees that it runs again");
    }

    [Fact]
    public async Task A_part_file_that_another_process_writes_to_is_not_removed()
    {
        await LeaveUnfinishedAsync();
        using (File.Open(Bob.Combine("data.bin.p2ppart"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal("DestinationInUse", Bob.Fail("Remove-P2PDownload data.bin"));
            Bob.Succeed("$null = Start-P2PPeerServer");
            Assert.Equal("DestinationInUse", Bob.Fail("Remove-P2PDownload data.bin"));
        }

        Assert.True(File.Exists(Bob.Combine("data.bin.p2ppart")));
        Bob.Succeed("Remove-P2PDownload data.bin");
        Assert.False(File.Exists(Bob.Combine("data.bin.p2ppart")));
    }

    [Fact]
    public async Task A_download_kept_in_a_variable_is_resumed_by_the_next_peer_server()
    {
        await StartSlowlyAsync();
        Bob.Succeed("$kept = Get-P2PDownload; Stop-P2PPeerServer; $null = Wait-Job $job");
        Alice.Succeed("Set-P2PPeerServer -UploadLimit 0");

        Bob.Succeed("$kept | Resume-P2PDownload");

        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin")), "the download has gone on to its end");
        Bob.Succeed("$kept | Remove-P2PDownload");
        Assert.Equal("DownloadNotFound", Bob.Fail("$kept | Stop-P2PDownload"));
        Assert.True(File.Exists(Bob.Combine("data.bin")));
    }

    [Fact]
    public void Without_a_session_the_advice_is_to_connect()
    {
        using var nobody = new TestShell();
        foreach (var command in new[] { "Get-P2PDownload", "Resume-P2PDownload *", "Remove-P2PDownload x" })
        {
            Assert.Equal("NotLoggedIn", nobody.Fail(command));
            Assert.Contains("Connect-P2PTracker", nobody.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_without_a_download_is_an_error_and_a_pattern_is_not()
    {
        Assert.Equal("DownloadNotFound", Bob.Fail("Get-P2PDownload data.bin"));
        Assert.Equal("DownloadNotFound", Bob.Fail("Resume-P2PDownload -Id 6d1f0a5e-0c52-4c43-9f0c-6b1c2f7f5d4e"));
        Bob.Succeed("Get-P2PDownload d*; Resume-P2PDownload d*; Suspend-P2PDownload d*; Stop-P2PDownload d*; Remove-P2PDownload d*");
        Bob.Run("$null, '' | Resume-P2PDownload");
        Assert.Equal(2, Bob.Errors.Count);
        Assert.Empty(Bob.Succeed("Get-P2PPeerServer"));
    }

    private static string State(TestShell shell) => (string)shell.Succeed("(Get-P2PDownload data.bin).State.ToString()").Single().BaseObject;

    // The same person on the same machine, in a shell of its own.
    private TestShell Again(TestShell shell)
    {
        var again = new TestShell();
        again.UseTracker(Tracker.Address);
        again.Succeed(
            "$null = Connect-P2PTracker $tracker -UserName bob -Password $password -StatePath $state -Fingerprint $fingerprint",
            ("state", shell.StatePath));
        return again;
    }

    private async Task StartSlowlyAsync()
    {
        Alice.Succeed(
            "$null = Start-P2PPeerServer -UploadLimit 200KB; Send-P2PFile $source dev", ("source", Alice.MakeFile("data.bin", Size)));
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        await Eventually.HoldsAsync(
            () => (long)Bob.Succeed("(Get-P2PDownload).BytesReceived").Single().BaseObject > 0, "the download has begun");
    }

    private async Task LeaveUnfinishedAsync()
    {
        await StartSlowlyAsync();
        Bob.Succeed("Stop-P2PPeerServer; $null = Wait-Job $job");
    }

    private void Write(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Bob.StatePath, "state.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
