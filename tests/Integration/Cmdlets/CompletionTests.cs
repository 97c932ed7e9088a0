using System.Diagnostics;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Cmdlets;

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

    [Theory]
    [InlineData("", "dollar$(x).bin|it's.bin|plain.bin|part[1].bin|two words.bin")]
    [InlineData("pl", "plain.bin")]
    [InlineData("PL", "plain.bin")]
    [InlineData("'tw", "two words.bin")]
    [InlineData("'two words", "two words.bin")]
    [InlineData("'two w'", "two words.bin")]
    [InlineData("\"tw", "two words.bin")]
    [InlineData("'it''", "it's.bin")]
    [InlineData("\"dollar`$", "dollar$(x).bin")]
    [InlineData("part[", "part[1].bin")]
    [InlineData("*words", "two words.bin")]
    [InlineData("[", "")]
    [InlineData("nothing", "")]
    public void A_completion_can_be_used_as_it_is(string typed, string names)
    {
        foreach (var name in new[] { "plain.bin", "two words.bin", "it's.bin", "part[1].bin", "dollar$(x).bin" })
        {
            Alice.Succeed("Send-P2PFile $source dev -Name $name", ("source", Alice.MakeFile("x.bin", 10)), ("name", name));
        }

        var completed = Complete(Alice, $"Get-P2PFile dev {typed}");

        Assert.Equal(names.Split('|', StringSplitOptions.RemoveEmptyEntries).Order(), completed.Select(text => (string)Alice.Succeed(text.StartsWith('\'') || text.StartsWith('"') ? text : $"'{text}'").Single().BaseObject).Order());
        Assert.All(completed, text => Assert.Single(Alice.Succeed($"Get-P2PFile dev {text}")));
        if (typed is ['\'' or '"', ..])
        {
            // Single quotes also if it was begun with others: see CompletedWordTests.
            Assert.All(completed, text => Assert.Equal('\'', text[0]));
        }
    }

    [Fact]
    public void Files_of_the_groups_that_a_pattern_selects_are_completed()
    {
        Alice.Succeed("New-P2PGroup design; Send-P2PFile $source dev, design -Name one.bin; Send-P2PFile $source design -Name only.bin", ("source", Alice.MakeFile("x.bin", 10)));

        Assert.Equal(["one.bin", "only.bin"], Complete(Alice, "Get-P2PFile -Group d* -Name o"));
    }

    [Fact]
    public void A_given_session_is_used_for_completion()
    {
        Bob.Succeed("New-P2PGroup dance");
        Alice.Set("other", Bob.Get("session"));

        Assert.Equal(["dance", "dev"], Complete(Alice, "Get-P2PGroup -Session $other -Name d"));
    }

    [Fact]
    public void A_command_of_the_session_makes_completion_ask_again()
    {
        Assert.Equal(["dev"], Complete(Alice, "Get-P2PFile -Group d"));

        Alice.Succeed("New-P2PGroup design");

        Assert.Equal(["design", "dev"], Complete(Alice, "Get-P2PFile -Group d"));
    }

    [Fact]
    public async Task Completion_is_silent_and_quick_without_a_session_and_without_a_tracker()
    {
        using var nobody = new TestShell();
        Assert.Empty(Complete(nobody, "Get-P2PFile -Group d"));

        TestShell carol;
        await using (var gone = await TestTracker.StartAsync())
        {
            carol = TestShell.Connected(gone, "carol");
        }

        using var _ = carol;
        AssertSilentAndQuick(carol);
    }

    [Fact]
    public async Task Completion_is_silent_and_quick_if_the_tracker_accepts_and_never_answers()
    {
        TestShell carol;
        int port;
        await using (var gone = await TestTracker.StartAsync())
        {
            port = gone.Address.Port;
            carol = TestShell.Connected(gone, "carol");
        }

        using var _ = carol;
        using var mute = new TcpListener(IPAddress.Loopback, port);
        mute.Start();
        AssertSilentAndQuick(carol);
        Assert.True(mute.Pending());
    }

    private static void AssertSilentAndQuick(TestShell shell)
    {
        // The first completion of a runspace compiles a lot.
        Complete(shell, "Get-P2PFile -Gro");
        var watch = Stopwatch.StartNew();
        Assert.Empty(Complete(shell, "Get-P2PFile -Group d"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"the first Tab took {watch.Elapsed}");

        // Each that asked the tracker would take as long as the first; on a busy machine any may be slow, but not all.
        var fastest = Enumerable.Range(0, 5).Min(_ =>
        {
            watch.Restart();
            Assert.Empty(Complete(shell, "Get-P2PFile -Group d"));
            return watch.Elapsed;
        });
        Assert.True(fastest < TimeSpan.FromSeconds(0.9), $"the next Tabs took {fastest} and more");
        Assert.Empty(shell.Succeed("$Error"));
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
