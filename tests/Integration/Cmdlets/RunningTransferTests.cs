using System.Diagnostics;
using System.Management.Automation;

namespace P2PShare.Integration.Cmdlets;

/// <summary>What a person sees and does while a file comes in slowly.</summary>
public sealed class RunningTransferTests : CmdletTest
{
    private const int Size = 2_000_000;

    [Fact]
    public async Task Stopping_a_receive_ends_it_at_once_and_leaves_nothing_under_the_final_name()
    {
        ShareSlowly(bytesPerSecond: 200_000);
        using var shell = PowerShell.Create(Bob.Runspace);
        shell.AddScript("Get-P2PFile -Group dev | Receive-P2PFile -Destination $to");
        Bob.Set("to", Bob.Folder);
        var running = shell.BeginInvoke();
        await Eventually.HoldsAsync(() => File.Exists(Bob.Combine("data.bin.p2ppart")), "the download has begun");

        var watch = Stopwatch.StartNew();
        await Task.Run(shell.Stop);

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(15), $"It took {watch.Elapsed}.");
        Assert.True(running.IsCompleted);
        Assert.False(File.Exists(Bob.Combine("data.bin")));
        Assert.Equal("Stopped", Bob.Succeed("(Get-P2PDownload).State.ToString()").Single().BaseObject);
    }

    [Fact]
    public void The_same_command_continues_after_a_stop()
    {
        ShareSlowly(bytesPerSecond: 1_000_000);
        Bob.Set("to", Bob.Folder);
        using (var shell = PowerShell.Create(Bob.Runspace))
        {
            shell.AddScript("Receive-P2PFile dev data.bin -Destination $to");
            shell.BeginInvoke();
            Assert.True(SpinWait.SpinUntil(() => shell.Streams.Progress.Count > 4, TimeSpan.FromSeconds(30)), "The download never began.");
            shell.Stop();
        }

        Alice.Succeed("Set-P2PPeerServer -UploadLimit 0");
        Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to");

        Assert.Equal(File.ReadAllBytes(Alice.Combine("data.bin")), File.ReadAllBytes(Bob.Combine("data.bin")));
        Assert.False(File.Exists(Bob.Combine("data.bin.p2ppart")));
    }

    [Fact]
    public void Progress_has_speed_and_time_left_and_is_completed()
    {
        ShareSlowly(bytesPerSecond: 1_000_000);
        var watch = Stopwatch.StartNew();

        Bob.Succeed("Receive-P2PFile dev data.bin -Destination $to", ("to", Bob.Folder));

        var overall = Bob.Progress.Where(record => record.ParentActivityId == -1).ToList();
        var child = Bob.Progress.Where(record => record.ParentActivityId == overall[0].ActivityId).ToList();
        Assert.Single(overall.Select(record => record.ActivityId).Distinct());
        Assert.True(overall.Count <= watch.Elapsed.TotalSeconds * 5 + 2, $"{overall.Count} records in {watch.Elapsed}.");
        Assert.Contains(child, record => record.StatusDescription.Contains("iB/s", StringComparison.Ordinal) && record.SecondsRemaining >= 0 && record.PercentComplete > 0);
        Assert.Contains(child, record => record.StatusDescription.Contains("1 source", StringComparison.Ordinal));
        Assert.Equal(ProgressRecordType.Completed, overall[^1].RecordType);
        Assert.Equal(ProgressRecordType.Completed, child[^1].RecordType);
    }

    [Fact]
    public void A_download_is_suspended_resumed_stopped_and_removed()
    {
        ShareSlowly(bytesPerSecond: 100_000);
        Bob.Succeed("$job = Receive-P2PFile dev data.bin -Destination $to -AsJob", ("to", Bob.Folder));
        Assert.Equal("Running", State());

        Bob.Succeed("Get-P2PDownload | Suspend-P2PDownload");
        Assert.Equal("Suspended", State());
        Bob.Succeed("Resume-P2PDownload data.bin");
        Assert.Equal("Running", State());
        Assert.Equal("Stopped", Bob.Succeed("(Stop-P2PDownload data.* -PassThru).State.ToString()").Single().BaseObject);
        Bob.Succeed("Get-P2PDownload -State Stopped -Group d* | Remove-P2PDownload -WhatIf");
        Assert.Equal("Stopped", State());
        Bob.Succeed("Remove-P2PDownload -Id (Get-P2PDownload).Id");

        Assert.Empty(Bob.Succeed("Get-P2PDownload"));
        Assert.Equal("DownloadNotFound", Bob.Fail("Stop-P2PDownload data.bin"));
        Assert.False(File.Exists(Bob.Combine("data.bin.p2ppart")));
        Assert.Equal("Failed", Bob.Succeed("$null = Wait-Job $job; $job.State.ToString()").Single().BaseObject);
        Assert.Equal("DownloadStopped", Bob.Fail("Receive-Job $job"));

        string State() => (string)Bob.Succeed("(Get-P2PDownload data.bin).State.ToString()").Single().BaseObject;
    }

    private void ShareSlowly(long bytesPerSecond) => Alice.Succeed(
        "$null = Start-P2PPeerServer -UploadLimit $limit; Send-P2PFile $source dev",
        ("limit", bytesPerSecond), ("source", Alice.MakeFile("data.bin", Size)));
}
