namespace P2PShare.Integration.Cmdlets;

/// <summary>A tracker of before files had versions and attributes.</summary>
public sealed class OldTrackerTests : IAsyncLifetime
{
    private HostileTracker _tracker = null!;
    private TestShell _alice = null!;

    public async Task InitializeAsync()
    {
        // Its group and its file have one name, and the file no property that such a tracker does not know.
        _tracker = await HostileTracker.StartAsync();
        _alice = _tracker.Connect();
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        await _tracker.DisposeAsync();
    }

    [Theory]
    [InlineData("Get-P2PFile dev dev -Version")]
    [InlineData("Receive-P2PFile dev dev -Version 1 -Destination $to")]
    [InlineData("Get-P2PFile dev | Receive-P2PFile -Version 1 -Destination $to")]
    public void Who_asks_for_versions_is_told_that_the_tracker_is_too_old(string command)
    {
        Assert.Equal("VersionNotSupported", _alice.Fail(command, ("to", _alice.Combine("to"))));

        Assert.Equal("The tracker is of a version that has no earlier versions of 'dev' or of any other file: update it.", Assert.Single(_alice.Errors).Exception.Message);
    }

    [Fact]
    public void Its_files_are_listed_without_what_it_does_not_know()
    {
        var file = Assert.Single(_alice.Succeed("Get-P2PFile dev"));

        Assert.Equal("dev", file.Properties["Name"].Value);
        Assert.All(["Version", "KeptUntil", "Modified", "Executable"], property => Assert.Null(file.Properties[property].Value));
    }
}
