using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Cmdlets;

public sealed class TrackerConnectionTests : IAsyncLifetime, IDisposable
{
    private readonly TestShell _shell = new();
    private TestTracker? _tracker;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _shell.UseTracker(_tracker.Address);
    }

    public async Task DisposeAsync() => await _tracker!.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_new_user_connects_and_the_session_is_the_default()
    {
        var user = _shell.Succeed("New-P2PUser $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state").Single();
        Assert.Equal("alice", user.Properties["UserName"].Value);

        var session = _shell.Succeed("""
            $credential = [pscredential]::new('alice', $password)
            Connect-P2PTracker $tracker -Credential $credential -StatePath $state
            """).Single();

        Assert.Equal("alice", session.Properties["UserName"].Value);
        Assert.Equal(_tracker!.Address.Authority, session.Properties["Tracker"].Value);
        Assert.Equal(true, session.Properties["Connected"].Value);
        Assert.Equal(session.BaseObject, _shell.Succeed("Get-P2PSession").Single().BaseObject);
        _shell.Succeed("Get-P2PGroup");
    }

    [Fact]
    public void A_further_user_is_made_at_the_tracker_of_the_session()
    {
        Connect();

        _shell.Succeed("New-P2PUser -UserName bob -Password $password; $null = Connect-P2PTracker $tracker -UserName bob -Password $password -StatePath $state");

        Assert.Equal("bob", _shell.Succeed("(Get-P2PSession)[0].UserName").Single().BaseObject);
    }

    [Fact]
    public void An_unknown_certificate_is_refused_with_its_fingerprint()
    {
        Assert.Equal("TrackerCertificateUntrusted", _shell.Fail("Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state"));

        Assert.Contains((string)_shell.Get("fingerprint")!, _shell.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Empty(_shell.Run("Get-P2PSession"));
    }

    [Fact]
    public void Trust_on_first_use_is_remembered_in_the_state_folder()
    {
        _shell.Succeed("$null = New-P2PUser $tracker -UserName alice -Password $password -TrustOnFirstUse -StatePath $state");

        _shell.Succeed("$null = Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state");
    }

    [Fact]
    public void Another_certificate_than_the_pinned_one_is_refused()
    {
        var id = _shell.Fail(
            "Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state -Fingerprint $other", ("other", new string('a', 64)));

        Assert.Equal("TrackerCertificateChanged", id);
    }

    [Fact]
    public void A_file_of_trackers_gives_addresses_and_fingerprints_and_an_unavailable_tracker_is_skipped()
    {
        File.WriteAllText(_shell.Combine("trackers.txt"), $"127.0.0.1:{LoopbackPort.FindFree()}\n{_shell.Get("tracker")} {_shell.Get("fingerprint")} # the real one\n");

        _shell.Succeed("""
            $null = New-P2PUser -TrackerInfo $folder/trackers.txt -UserName alice -Password $password -StatePath $state
            $session = Connect-P2PTracker -TrackerInfo $folder/trackers.txt -UserName alice -Password $password -StatePath $state
            """, ("folder", _shell.Folder));

        Assert.Equal(_shell.Get("tracker"), _shell.Succeed("$session.Tracker").Single().BaseObject);
    }

    [Fact]
    public async Task A_tracker_with_another_fingerprint_is_skipped_with_a_warning()
    {
        await using var other = await TestTracker.StartBesideAsync(_tracker!);
        var wrong = new string('a', 64);
        File.WriteAllText(
            _shell.Combine("trackers.txt"), $"{other.Address.Authority} {wrong}\n{_shell.Get("tracker")} {_shell.Get("fingerprint")}\n");

        _shell.Succeed("$null = New-P2PUser -TrackerInfo $folder/trackers.txt -UserName alice -Password $password -StatePath $state", ("folder", _shell.Folder));

        var warning = Assert.Single(_shell.Warnings).Message;
        Assert.All([other.Address.Authority, wrong, "Another tracker is used"], text => Assert.Contains(text, warning, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_fault_of_a_tracker_has_its_own_error_id()
    {
        const string Rest = " -UserName alice -Password $password -StatePath $state -TrustOnFirstUse";

        Assert.Equal("TrackerHostUnknown", _shell.Fail("Connect-P2PTracker no-such-host.invalid:8001" + Rest));
        Assert.Equal("TrackerUnreachable", _shell.Fail($"Connect-P2PTracker 127.0.0.1:{LoopbackPort.FindFree()}" + Rest));
        Assert.Equal("InvalidTrackerAddress", _shell.Fail("Connect-P2PTracker 'what is this'" + Rest));
        Assert.Equal("InvalidTrackerAddress", _shell.Fail("Connect-P2PTracker" + Rest));
        Assert.Equal("PathNotFound", _shell.Fail("Connect-P2PTracker -TrackerInfo no-such-file.txt" + Rest));
        Assert.Equal("InvalidFingerprint", _shell.Fail("Connect-P2PTracker $tracker -Fingerprint abc" + Rest));
    }

    [Fact]
    public void A_wrong_password_is_refused_and_is_not_part_of_any_error()
    {
        Connect();

        var id = _shell.Fail(
            "Connect-P2PTracker $tracker -UserName alice -Password $wrong -StatePath $state", ("wrong", TestPassword.Secure("tr0ub4dor&3-secret")));

        Assert.Equal("WrongCredentials", id);
        foreach (var error in _shell.Errors)
        {
            var all = $"{error} {error.Exception} {error.ErrorDetails} {error.TargetObject} {error.InvocationInfo.Line}";
            Assert.DoesNotContain("tr0ub4dor", all, StringComparison.Ordinal);
            Assert.DoesNotContain(TestPassword.Text, all, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Bad_and_taken_user_names_are_errors_of_their_own_and_do_not_end_the_pipeline()
    {
        Connect();

        _shell.Run("""
            foreach ($name in 'alice', 'white space', 'carol') { New-P2PUser $tracker -UserName $name -Password $password -StatePath $state }
            """);

        Assert.Equal(["UserNameTaken", "InvalidUserName"], _shell.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal("alice", _shell.Errors[0].TargetObject);
        _shell.Succeed("$null = Connect-P2PTracker $tracker -UserName carol -Password $password -StatePath $state");
    }

    [Fact]
    public void WhatIf_creates_no_user()
    {
        _shell.Succeed("New-P2PUser $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state -WhatIf");

        Assert.Equal(
            "WrongCredentials",
            _shell.Fail("Connect-P2PTracker $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state"));
    }

    [Fact]
    public void Disconnecting_ends_the_session_and_its_peer_server()
    {
        Connect();
        _shell.Succeed("$job = Start-P2PPeerServer");

        _shell.Succeed("Disconnect-P2PTracker");

        Assert.Equal(false, _shell.Succeed("$session.Connected").Single().BaseObject);
        Assert.Equal("Stopped", _shell.Succeed("$job.State.ToString()").Single().BaseObject);
        Assert.Equal("NotLoggedIn", _shell.Fail("Get-P2PGroup"));
        Assert.Equal("NotLoggedIn", _shell.Fail("Get-P2PGroup -Session $session"));
    }

    [Fact]
    public void A_state_folder_that_is_a_file_is_unusable()
    {
        var file = _shell.MakeFile("taken", 1);

        Assert.Equal("StateFolderUnusable", _shell.Fail("Connect-P2PTracker $tracker -UserName a -Password $password -StatePath $file", ("file", file)));
    }

    private void Connect() => _shell.Succeed("""
        $null = New-P2PUser $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state
        $session = Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state
        """);
}
