using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>Peers that lose their tracker announce themselves to the next one: soon, and not all at the same moment.</summary>
public sealed class ReannounceTests
{
    private const int Peers = 60;

    // In seconds; long, so that no heartbeat is due meanwhile.
    private const int Interval = 20;

    [Fact]
    public async Task Peers_that_lose_their_tracker_together_announce_to_the_next_one_soon_and_spread_out()
    {
        await using var first = await ScriptedTracker.StartAsync();
        await using var second = await ScriptedTracker.StartAsync();
        var arrived = new ConcurrentQueue<TimeSpan>();
        var clock = Stopwatch.StartNew();
        first.Answer = context => AnswerAsync(context, () => { });
        second.Answer = context => AnswerAsync(context, () => arrived.Enqueue(clock.Elapsed));
        using var stop = new CancellationTokenSource();
        var peers = new List<(TrackerSession Client, Announcer Announcer, Task Running)>();
        for (var i = 0; i < Peers; i++)
        {
            var client = new TrackerSession([first.Address, second.Address], new KnownTrackers(Path.GetRandomFileName()));
            var announcer = new Announcer(client, TestUser.RandomHash(), () => new FingerprintProof([1], [2]), 5000, new AnnounceHandler(), TimeProvider.System);
            client.Moved += announcer.TrackerMoved;
            await announcer.AnnounceAsync(CancellationToken.None);
            peers.Add((client, announcer, announcer.RunAsync(_ => { }, stop.Token)));
        }

        await first.DisposeAsync();
        clock.Restart();
        await Task.WhenAll(peers.Select(peer => peer.Client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync()));
        await Eventually.HoldsAsync(() => arrived.Count >= Peers, "all have announced");

        // 15 % of the interval, and what a busy machine adds.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, Interval * 0.5);
        var span = arrived.Max() - arrived.Min();
        Assert.True(span > TimeSpan.FromSeconds(Interval * 0.1), $"All announced within {span}.");
        Assert.Equal(Peers, arrived.Count);
        await stop.CancelAsync();
        foreach (var (client, _, running) in peers)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            client.Dispose();
        }
    }

    private static Task AnswerAsync(HttpContext context, Action announced)
    {
        if (context.Request.Path != TrackerRoutes.Peers)
        {
            return ScriptedTracker.NoGroups(context);
        }

        announced();
        return context.Response.WriteAsJsonAsync(new AnnounceResponse(Interval, Known: true, [], [], RevocationsAfter: 0), TrackerJson.Default.AnnounceResponse);
    }
}
