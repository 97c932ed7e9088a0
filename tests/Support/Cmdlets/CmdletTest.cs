
namespace P2PShare.Support;

/// <summary>A tracker, Alice, who owns the group dev, and Bob, a member: each with a separate shell.</summary>
public abstract class CmdletTest : IAsyncLifetime
{
    private TestTracker? _tracker;
    private TestShell? _alice;
    private TestShell? _bob;

    private protected TestTracker Tracker => _tracker!;

    private protected TestShell Alice => _alice!;

    private protected TestShell Bob => _bob!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = TestShell.Connected(_tracker, "alice");
        _bob = TestShell.Connected(_tracker, "bob");
        Alice.Succeed("New-P2PGroup dev");
        Bob.Succeed("Join-P2PGroup dev");
        Alice.Succeed("Get-P2PJoinRequest dev | Approve-P2PJoinRequest");
    }

    public async Task DisposeAsync()
    {
        _alice?.Dispose();
        _bob?.Dispose();
        await _tracker!.DisposeAsync();
    }
}
