using System.Net;
using System.Net.Sockets;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class PeerListenerTests : ConnectionTest
{
    [Fact]
    public async Task A_connection_that_fails_in_an_unforeseen_way_ends_and_gives_its_place_back()
    {
        using var folder = new TemporaryFolder();
        using var identity = PeerIdentity.Acquire(StateFolder.Open(folder.Path), TimeProvider.System);
        using var listener = PeerListener.Open(IPAddress.Loopback, 0);
        using var stopping = new CancellationTokenSource();
        var context = Context with { Clock = new BrokenClock() };
        var running = listener.RunAsync(identity, new ConnectionTable(Own, context), context, problem => Log.Enqueue(problem.Message), stopping.Token);
        using var client = new TcpClient();

        await client.ConnectAsync(IPAddress.Loopback, listener.Port);

        await Eventually.HoldsAsync(() => !Log.IsEmpty, "the failure is logged");
        await Eventually.HoldsAsync(() => Admission.UngreetedCount == 0, "its place is free");
        Assert.Contains("The clock is broken.", Assert.Single(Log), StringComparison.Ordinal);
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Limit));
        }
        catch (IOException)
        {
            // Reset, which ends it too.
        }

        await stopping.CancelAsync();
        await running.WaitAsync(Limit);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    private sealed class BrokenClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            throw new InvalidOperationException("The clock is broken.");
    }
}
