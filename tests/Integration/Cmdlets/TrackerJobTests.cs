using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Cmdlets;

/// <summary>The tracker's program, run by the module as a process of its own.</summary>
public sealed class TrackerJobTests : IDisposable
{
    private readonly TestShell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_tracker_runs_as_a_job_until_it_is_stopped()
    {
        var tracker = _shell.Succeed("$t = Start-P2PTracker -Port $port -DataPath $data; $t", ("port", LoopbackPort.FindFree()), ("data", _shell.Combine("tracker"))).Single();
        Assert.Matches("^[0-9a-f]{64}$", (string)tracker.Properties["Fingerprint"].Value);
        Assert.Equal($"127.0.0.1:{_shell.Get("port")}", tracker.Properties["Address"].Value);
        using var process = Process.GetProcessById((int)tracker.Properties["ProcessId"].Value);

        _shell.Succeed("""
            $null = $t | New-P2PUser -UserName alice -Password $password -StatePath $state
            $null = Connect-P2PTracker $t.Address -UserName alice -Password $password -StatePath $state
            """);
        Assert.Equal("Running", _shell.Succeed("(Get-P2PTracker).State.ToString()").Single().BaseObject);
        Assert.Equal("P2PTracker", _shell.Succeed("(Get-Job).PSJobTypeName").Single().BaseObject);

        _shell.Succeed("Stop-P2PTracker -WhatIf");
        Assert.False(process.HasExited);
        _shell.Succeed("Get-P2PTracker | Stop-P2PTracker");

        Assert.True(process.HasExited);
        Assert.Equal("Stopped", _shell.Succeed("$t.State.ToString()").Single().BaseObject);
        Assert.Equal("TrackerUnreachable", _shell.Fail("Connect-P2PTracker $t.Address -UserName alice -Password $password -StatePath $state"));
    }

    [Fact]
    public void A_tracker_on_all_addresses_reports_the_address_to_dial()
    {
        var tracker = _shell.Succeed("$t = Start-P2PTracker -Port $port -Address 0.0.0.0 -DataPath $data; $t", ("port", LoopbackPort.FindFree()), ("data", _shell.Combine("tracker"))).Single();

        var address = IPEndPoint.Parse((string)tracker.Properties["Address"].Value);
        Assert.NotEqual(IPAddress.Any, address.Address);
        Assert.Equal(_shell.Get("port"), address.Port);
        _shell.Succeed("$null = $t | New-P2PUser -UserName alice -Password $password -StatePath $state");
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public void The_shell_that_runs_a_tracker_knows_its_fingerprint(string listens, string dialled)
    {
        _shell.Succeed(
            "$t = Start-P2PTracker -Port $port -Address $listens -DataPath $data",
            ("port", LoopbackPort.FindFree()), ("listens", listens), ("data", _shell.Combine("tracker")));
        _shell.Set("address", $"{dialled}:{_shell.Get("port")}");

        _shell.Succeed("""
            $null = New-P2PUser $address -UserName alice -Password $password -StatePath $state
            $null = Connect-P2PTracker $address -UserName alice -Password $password -StatePath $state
            """);

        // It is remembered, so that another shell knows it too.
        Assert.Contains((string)_shell.Succeed("$t.Fingerprint").Single().BaseObject, File.ReadAllText(Path.Combine(_shell.StatePath, "known_trackers.txt")), StringComparison.Ordinal);
        _shell.Succeed("Stop-P2PTracker");
    }

    [Fact]
    public async Task The_fingerprint_of_an_own_tracker_is_not_used_for_another()
    {
        await using var other = await TestTracker.StartAsync();
        _shell.UseTracker(other.Address);
        _shell.Succeed("$t = Start-P2PTracker -Port $port -DataPath $data", ("port", LoopbackPort.FindFree()), ("data", _shell.Combine("tracker")));

        Assert.Equal("TrackerCertificateUntrusted", _shell.Fail("Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state"));
        Assert.Equal(
            "TrackerCertificateChanged",
            _shell.Fail("Connect-P2PTracker $t.Address -UserName alice -Password $password -StatePath $state -Fingerprint $fingerprint"));
    }

    [Fact]
    public void A_tracker_ends_with_its_runspace()
    {
        var id = (int)_shell.Succeed("(Start-P2PTracker -Port $port -DataPath $data).ProcessId", ("port", LoopbackPort.FindFree()), ("data", _shell.Combine("tracker"))).Single().BaseObject;
        using var process = Process.GetProcessById(id);

        _shell.Runspace.Close();

        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void A_tracker_that_cannot_start_reports_the_reason()
    {
        File.WriteAllText(_shell.Combine("trackers.txt"), "127.0.0.1:8001\n");

        Assert.Equal("TrackerNotStarted", _shell.Fail("Start-P2PTracker -TrackerInfo $info -TrackerNumber 2", ("info", _shell.Combine("trackers.txt"))));
        Assert.Contains("'2' is not the number of a tracker", _shell.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Equal("InvalidTrackerAddress", _shell.Fail("Start-P2PTracker -Address 'a b'"));
        Assert.Empty(_shell.Succeed("Get-Job; Get-P2PTracker"));
    }
}
