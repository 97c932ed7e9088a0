using System.Management.Automation;
using P2PShare.Unit.TrackerHost;

namespace P2PShare.Unit.Cmdlets;

public sealed class CompletionTests : CmdletTest
{
    [Fact]
    public void Groups_files_users_and_downloads_are_completed()
    {
        Alice.Succeed("New-P2PGroup design");
        Bob.Succeed("Join-P2PGroup design");
        Alice.Succeed("Send-P2PFile $source dev -Name 'two words.bin'", ("source", Alice.MakeFile("x.bin", 1000)));
        Bob.Succeed("Receive-P2PFile dev 'two words.bin' -Destination $to", ("to", Bob.Folder));

        Assert.Equal(["design", "dev"], Complete(Alice, "Get-P2PFile -Group d"));
        Assert.Equal(["'two words.bin'"], Complete(Alice, "Receive-P2PFile -Group dev -Name t"));
        Assert.Equal(["bob"], Complete(Alice, "Approve-P2PJoinRequest -Group design -UserName "));
        Assert.Equal(["alice", "bob"], Complete(Alice, "Remove-P2PGroupMember -Group dev -UserName "));
        Assert.Equal(["bob"], Complete(Alice, "Set-P2PGroupOwner dev b"));
        Assert.Equal(["design"], Complete(Alice, "Remove-P2PGroup des"));
        Assert.Equal(["alice"], Complete(Bob, "Get-P2PPeer dev a"));
        Assert.Equal(["design"], Complete(Bob, "Watch-P2PEvent -Group des"));
        Assert.Equal(["JoinApproved", "JoinDenied", "JoinRequest"], Complete(Bob, "Watch-P2PEvent -Kind j").Order());
        Assert.Equal(["'two words.bin'"], Complete(Bob, "Stop-P2PDownload -Name "));
    }

    [Fact]
    public async Task Completion_is_silent_without_a_session_and_without_a_tracker()
    {
        using var nobody = new TestShell();
        Assert.Empty(Complete(nobody, "Get-P2PFile -Group d"));

        TestShell carol;
        await using (var gone = await TestTracker.StartAsync())
        {
            carol = TestShell.Connected(gone, "carol");
        }

        using var _ = carol;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Empty(Complete(carol, "Get-P2PFile -Group d"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(4));
    }

    private static List<string> Complete(TestShell shell, string input)
    {
        using var powershell = PowerShell.Create(shell.Runspace);
        return CommandCompletion.CompleteInput(input, input.Length, null, powershell).CompletionMatches
            .Where(match => match.ResultType == CompletionResultType.ParameterValue)
            .Select(match => match.CompletionText)
            .ToList();
    }
}
