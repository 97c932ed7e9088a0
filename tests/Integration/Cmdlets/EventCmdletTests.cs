using System.Diagnostics;
using System.Management.Automation;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.Cmdlets;

public sealed class EventCmdletTests : CmdletTest
{
    [Fact]
    public async Task Events_are_written_as_they_happen_until_the_cmdlet_is_stopped()
    {
        Alice.Succeed("New-P2PGroup ops");
        using var watch = await Watching.StartAsync(Alice, "Watch-P2PEvent -Verbose");

        Bob.Succeed("Join-P2PGroup ops");
        await watch.WritesAsync(1);
        Bob.Succeed("Send-P2PFile $source dev -Name folder/x.bin", ("source", Bob.MakeFile("x.bin", 1000)));
        await watch.WritesAsync(2);

        Assert.Equal(["JoinRequest: bob in ops", "FileShared: folder/x.bin in dev, by bob"], watch.Output.Select(what => what.ToString()));
        var shared = watch.Output[1].Properties;
        Assert.Equal(("dev", "bob", "folder/x.bin"), (shared["Group"].Value, shared["UserName"].Value, shared["Name"].Value));
        Assert.InRange((DateTimeOffset)shared["Time"].Value, DateTimeOffset.Now.AddMinutes(-2), DateTimeOffset.Now.AddMinutes(2));
        Assert.Null(watch.Output[0].Properties["Name"].Value);
        var clock = Stopwatch.StartNew();
        watch.Stop();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_pipeline_approves_join_requests()
    {
        Alice.Succeed("New-P2PGroup ops");
        using var watch = await Watching.StartAsync(
            Alice, "Watch-P2PEvent -Verbose | Where-Object Kind -eq JoinRequest | Approve-P2PJoinRequest -PassThru");

        Bob.Succeed("Join-P2PGroup ops");

        await watch.WritesAsync(1);
        Assert.Equal("bob in ops", watch.Output[0].ToString());
        Assert.Equal("Publisher", Bob.Succeed("(Get-P2PGroup ops).Role.ToString()").Single().BaseObject);
    }

    [Fact]
    public async Task It_ends_at_once_when_the_next_cmdlet_takes_no_more()
    {
        using var watch = await Watching.StartAsync(Alice, First("Watch-P2PEvent -Group dev -Verbose") + "; 'after'");

        Bob.Succeed("Leave-P2PGroup dev");
        await watch.WritesAsync(1);
        var clock = Stopwatch.StartNew();
        await watch.EndsAsync();

        Assert.Equal(["MemberLeft: bob in dev", "after"], watch.Output.Select(what => what.ToString()));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task It_ends_with_a_reason_when_the_last_of_its_groups_was_deleted_or_left()
    {
        Alice.Succeed("New-P2PGroup ops; New-P2PGroup web");
        using var elsewhere = ConnectBobElsewhere();
        elsewhere.Succeed("Join-P2PGroup ops, web");
        Alice.Succeed("Get-P2PJoinRequest * | Approve-P2PJoinRequest");
        using var watch = await Watching.StartAsync(Bob, "Watch-P2PEvent -Group dev, OPS, web -Kind FileShared -Verbose");

        Alice.Succeed("Remove-P2PGroup ops -Confirm:$false; Remove-P2PGroupMember dev bob -Confirm:$false");
        elsewhere.Succeed("Leave-P2PGroup web");
        await watch.EndsAsync();

        Assert.Equal(["GroupNotFound", "NotMember", "NotMember"], watch.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Contains("'ops' was deleted by alice", watch.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("bob was removed from the group 'dev'", watch.Errors[1].ToString(), StringComparison.Ordinal);
        Assert.Contains("bob left the group 'web'", watch.Errors[2].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kinds_and_patterns_select_also_among_groups_that_come_later()
    {
        using var carol = TestShell.Connected(Tracker, "carol");
        using var elsewhere = ConnectBobElsewhere();
        carol.Succeed("New-P2PGroup web, design");
        using var watch = await Watching.StartAsync(Bob, "'d*', 'DEV' | Watch-P2PEvent -Kind JoinApproved, FileShared -Verbose");

        foreach (var group in new[] { "web", "design" })
        {
            elsewhere.Succeed("Join-P2PGroup $group", ("group", group));
            carol.Succeed("Approve-P2PJoinRequest $group bob; Send-P2PFile $source $group", ("group", group), ("source", carol.MakeFile("x.bin", 1000)));
        }

        carol.Succeed("Unpublish-P2PFile design x.bin");
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("y.bin", 1000)));
        await watch.WritesAsync(3);

        Assert.Equal(
            ["JoinApproved: bob in design", "FileShared: x.bin in design, by carol", "FileShared: y.bin in dev, by alice"],
            watch.Output.Select(what => what.ToString()));
    }

    [Fact]
    public async Task A_user_who_asked_to_join_receives_the_answer()
    {
        Alice.Succeed("New-P2PGroup ops");
        using var watch = await Watching.StartAsync(Bob, "$null = Join-P2PGroup ops; " + First("Watch-P2PEvent ops -Verbose"));

        Alice.Succeed("Deny-P2PJoinRequest ops bob");

        await watch.EndsAsync();
        Assert.Equal(["JoinDenied: bob in ops"], watch.Output.Select(what => what.ToString()));
    }

    [Fact]
    public async Task A_new_file_is_received_by_a_pipeline()
    {
        using var watch = await Watching.StartAsync(
            Bob, $"& {{ {First("Watch-P2PEvent -Kind FileShared -Verbose")} }} | Receive-P2PFile -Destination '{Bob.Folder}' -PassThru");

        var source = Alice.MakeFile("x.bin", 100_000);
        Alice.Succeed("Send-P2PFile $source dev", ("source", source));

        await watch.EndsAsync();
        Assert.Equal(Bob.Combine("x.bin"), watch.Output.Single().ToString());
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(Bob.Combine("x.bin")));
    }

    [Fact]
    public async Task An_event_stands_for_its_file_a_group_for_all_of_its_files()
    {
        var source = Alice.MakeFile("x.bin", 1000);
        Alice.Succeed("Send-P2PFile $source dev -Name old", ("source", source));
        using var watch = await Watching.StartAsync(Bob, "$shared, $left = & { " + First("Watch-P2PEvent -Verbose", 2) + " }");
        Alice.Succeed("Send-P2PFile $source dev -Name new; Remove-P2PGroupMember dev bob; New-P2PGroup other", ("source", source));
        await watch.EndsAsync();
        Alice.Set("events", new[] { Bob.Get("shared"), Bob.Get("left") });

        Assert.Equal(["new"], Alice.Succeed("($events | Get-P2PFile).Name").Select(name => name.BaseObject));
        Assert.Equal(["new", "old"], Alice.Succeed("(Get-P2PGroup dev | Get-P2PFile).Name").Select(name => name.BaseObject));
        Assert.Equal("FileNotFound", Alice.Fail("Unpublish-P2PFile dev new; $events | Get-P2PFile"));
    }

    [Fact]
    public async Task A_slow_pipeline_misses_nothing()
    {
        using var go = new ManualResetEventSlim();
        Bob.Set("go", go);
        using var watch = await Watching.StartAsync(Bob, First("Watch-P2PEvent dev -Verbose | ForEach-Object { $null = $go.Wait(20000); $_ }", 5));
        Alice.Succeed("1..5 | ForEach-Object { Send-P2PFile $source dev -Name $_ }", ("source", Alice.MakeFile("x.bin", 1000)));

        go.Set();

        await watch.EndsAsync();
        Assert.Equal(["1", "2", "3", "4", "5"], watch.Output.Select(what => what.Properties["Name"].Value));
    }

    [Fact]
    public async Task A_group_that_does_not_exist_is_an_error_and_the_others_are_watched()
    {
        using var watch = await Watching.StartAsync(Bob, First("'nowhere', 'dev' | Watch-P2PEvent -Verbose -ErrorVariable failed"));
        Alice.Succeed("Send-P2PFile $source dev", ("source", Alice.MakeFile("x.bin", 1000)));
        await watch.EndsAsync();

        Assert.Equal("FileShared: x.bin in dev, by alice", watch.Output.Single().ToString());
        Assert.Equal("nowhere", Bob.Succeed("$failed.TargetObject").Single().BaseObject);
        Assert.Equal("GroupNotFound", Bob.Fail("Watch-P2PEvent nowhere"));
        Assert.Empty(Bob.Succeed("@() | Watch-P2PEvent"));
    }

    [Fact]
    public async Task It_ends_with_the_session()
    {
        using var watch = await Watching.StartAsync(Bob, "Watch-P2PEvent -Verbose");
        using var elsewhere = ConnectBobElsewhere();

        elsewhere.Succeed("Set-P2PUser -CurrentPassword $password -NewPassword $next", ("next", TestPassword.Secure("another secret")));

        await watch.EndsAsync();
        Assert.Equal("NotLoggedIn", watch.ErrorId);
    }

    [Fact]
    public async Task It_ends_when_its_session_is_disconnected_from_another_runspace()
    {
        Alice.Set("bobs", Bob.Get("session"));
        using var watch = await Watching.StartAsync(Bob, "Watch-P2PEvent -Session $session -Verbose");

        Alice.Succeed("Disconnect-P2PTracker $bobs");

        await watch.EndsAsync();
        Assert.Equal("NotLoggedIn", watch.ErrorId);
    }

    [Fact]
    public void It_knows_every_kind_of_the_tracker() => Assert.Equal(
        Enum.GetNames<GroupEventKind>(), Alice.Succeed("[enum]::GetNames([P2PShare.P2PEventKind])").Select(name => name.BaseObject));

    [Fact]
    public void It_needs_a_session()
    {
        using var nobody = new TestShell();

        Assert.Equal("NotLoggedIn", nobody.Fail("Watch-P2PEvent"));
        Assert.Equal("NotLoggedIn", nobody.Fail("Watch-P2PEvent dev"));
    }

    // Select-Object is no part of the bare engine.
    private static string First(string script, int count = 1) =>
        $"$written = 0; do {{ {script} | ForEach-Object {{ $_; if (++$written -eq {count}) {{ break }} }} }} while ($false)";

    private TestShell ConnectBobElsewhere()
    {
        var shell = new TestShell();
        shell.UseTracker(Tracker.Address);
        shell.Succeed("$null = Connect-P2PTracker $tracker -UserName bob -Password $password -Fingerprint $fingerprint -StatePath $state");
        return shell;
    }

    /// <summary>A script that watches, as its -Verbose tells, while others act.</summary>
    private sealed class Watching : IDisposable
    {
        private readonly PowerShell _shell;
        private readonly PSDataCollection<PSObject> _output = [];
        private readonly Task _running;

        private Watching(TestShell shell, string script)
        {
            _shell = PowerShell.Create(shell.Runspace);
            _shell.AddScript(script);
            _running = _shell.InvokeAsync<PSObject, PSObject>(null, _output);
        }

        // Its enumerator waits for more as long as the pipeline runs.
        public IReadOnlyList<PSObject> Output => [.. Enumerable.Range(0, _output.Count).Select(index => _output[index])];

        public string? ErrorId => _shell.Streams.Error.Count == 0 ? null : _shell.Streams.Error[0].FullyQualifiedErrorId.Split(',')[0];

        public IReadOnlyList<ErrorRecord> Errors => [.. _shell.Streams.Error];

        public static async Task<Watching> StartAsync(TestShell shell, string script)
        {
            var watching = new Watching(shell, script);
            await Eventually.HoldsAsync(() => watching._running.IsCompleted || watching._shell.Streams.Verbose.Count > 0, "it watches");
            Assert.False(watching._running.IsFaulted, watching._running.Exception?.ToString());
            Assert.True(watching._shell.Streams.Verbose.Count > 0, "It ended at once.");
            return watching;
        }

        public Task WritesAsync(int count) => Eventually.HoldsAsync(() => _output.Count >= count, $"{count} objects are written");

        public Task EndsAsync() => _running.WaitAsync(TimeSpan.FromSeconds(30));

        public void Stop() => _shell.Stop();

        public void Dispose()
        {
            _shell.Stop();
            _shell.Dispose();
            _output.Dispose();
        }
    }
}
