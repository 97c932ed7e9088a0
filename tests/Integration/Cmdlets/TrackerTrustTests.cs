namespace P2PShare.Integration.Cmdlets;

/// <summary>What a user sees of a tracker's certificate, its texts and its address.</summary>
public sealed class TrackerTrustTests : IDisposable
{
    private const string Connect = "Connect-P2PTracker $tracker -UserName alice -Password $password -StatePath $state";

    private readonly TestShell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_changed_certificate_is_refused_until_the_entry_is_forgotten()
    {
        await using var tracker = await HostileTracker.StartAsync();
        _shell.UseTracker(tracker.Address);
        Directory.CreateDirectory(_shell.StatePath);
        var file = Path.Combine(_shell.StatePath, "known_trackers.txt");
        File.WriteAllText(file, $"{tracker.Address.Authority} {new string('a', 64)}\n");

        Assert.Equal("TrackerCertificateChanged", _shell.Fail(Connect + " -TrustOnFirstUse"));
        Assert.Contains(file, _shell.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("Remove-P2PTrackerFingerprint", _shell.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);

        _shell.Succeed("Remove-P2PTrackerFingerprint $tracker -StatePath $state -WhatIf");
        Assert.True(File.Exists(file));

        // Without an answer nothing is forgotten: this host cannot ask.
        _shell.Fail("Remove-P2PTrackerFingerprint $tracker -StatePath $state");
        Assert.True(File.Exists(file));

        Assert.Equal(tracker.Address.Authority, _shell.Succeed("Remove-P2PTrackerFingerprint $tracker -StatePath $state -Confirm:$false -PassThru").Single().ToString());
        _shell.Succeed($"$null = {Connect} -TrustOnFirstUse");
        Assert.Contains(tracker.Address.Fingerprint.ToString()!, File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Forgetting_what_is_not_remembered_is_an_error_and_makes_no_folder()
    {
        Assert.Equal("TrackerFingerprintNotFound", _shell.Fail("Remove-P2PTrackerFingerprint tracker.example -StatePath $state -Confirm:$false"));
        Assert.False(Directory.Exists(_shell.StatePath));
    }

    [Fact]
    public void Remembered_trackers_are_completed()
    {
        Directory.CreateDirectory(_shell.StatePath);
        File.WriteAllText(Path.Combine(_shell.StatePath, "known_trackers.txt"), $"[::1]:8001 {new string('a', 64)}\ntracker.example:8001 {new string('b', 64)}\n");

        foreach (var command in new[] { "Remove-P2PTrackerFingerprint", "Connect-P2PTracker", "New-P2PUser" })
        {
            // The completer sees the value of a variable only if it is a constant.
            var line = $"{command} -StatePath '{_shell.StatePath}' -Tracker ";
            Assert.Equal(
                ["'tracker.example:8001'", "'[::1]:8001'"],
                _shell.Succeed("(TabExpansion2 $line $line.Length).CompletionMatches.CompletionText", ("line", line)).Select(text => text.ToString()));
        }
    }

    [Fact]
    public async Task A_text_of_a_tracker_does_not_reach_the_terminal_as_it_is()
    {
        await using var tracker = await HostileTracker.StartAsync();
        tracker.Names = ["dev\u001b]0;owned\u0007", "a\u202egpj.exe"];
        using var alice = tracker.Connect();

        var shown = alice.Succeed("Get-P2PFile -Group * | Format-List | Out-String; $session.UserName; Get-P2PGroup | Format-Table | Out-String").ToList();
        tracker.Problem = "No \u001b[2J.";
        alice.Fail("Get-P2PGroup");

        Assert.All(shown.Select(text => text.ToString()!).Append(alice.Errors[0].ToString()), text => Assert.DoesNotContain(text, c => c is '\u001b' or '\u0007' or '\u202e'));
        Assert.Contains("No \uFFFD[2J.", alice.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.0.0.0:8001")]
    [InlineData("[::]:8001")]
    [InlineData("::")]
    [InlineData("[::ffff:0.0.0.0]:8001")]
    public void Every_address_of_a_machine_cannot_be_connected_to(string address)
    {
        Assert.Equal("InvalidTrackerAddress", _shell.Fail($"Connect-P2PTracker '{address}' -UserName alice -Password $password -StatePath $state -TrustOnFirstUse"));
        Assert.Contains("127.0.0.1", _shell.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connect-P2PTracker localhost -UserName a -Password $password -StatePath state", "StateFolderUnusable", "-StatePath")]
    [InlineData("Connect-P2PTracker -TrackerInfo trackers.txt -UserName a -Password $password", "InvalidTrackerInfo", "-TrackerInfo")]
    [InlineData("Remove-P2PTrackerFingerprint localhost -StatePath state", "StateFolderUnusable", "-StatePath")]
    [InlineData("Start-P2PTracker -TrackerInfo trackers.txt -TrackerNumber 1", "InvalidTrackerInfo", "-TrackerInfo")]
    [InlineData("Start-P2PTracker -DataPath data", "InvalidConfiguration", "-DataPath")]
    public void A_relative_path_in_a_location_that_is_not_a_folder_is_explained(string command, string code, string parameter)
    {
        // A drive of another provider takes any path for its own.
        Assert.Equal(code, _shell.Fail($"Set-Location Env:; {command}"));
        Assert.All(["Environment", parameter, "full path"], text => Assert.Contains(text, _shell.Errors[0].ToString(), StringComparison.Ordinal));
        Assert.Equal(code, _shell.Fail($"Set-Location Variable:; {command}"));
        Assert.Equal(code, _shell.Fail($"Set-Location (Get-PSProvider FileSystem).Drives[0].Root; {command.Replace(" state", " nodrive:\\x").Replace(" trackers.txt", " nodrive:\\x").Replace(" data", " nodrive:\\x")}"));
    }
}
