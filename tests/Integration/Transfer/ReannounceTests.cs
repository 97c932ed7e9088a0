using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>Peers that lose their tracker announce themselves to the next one: within an interval, and spread over it.</summary>
public sealed class ReannounceTests
{
    private const int Peers = 60;

    // In seconds; long, so that no heartbeat is due meanwhile.
    private const int Interval = 20;

    [Fact]
    public async Task Peers_that_lose_their_tracker_together_announce_to_the_next_one_spread_over_the_interval()
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

        // The interval, and what a busy machine adds.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, Interval * 1.5);
        var span = arrived.Max() - arrived.Min();
        Assert.True(span > TimeSpan.FromSeconds(Interval * 0.7), $"All announced within {span}.");
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
        return context.Response.WriteAsJsonAsync(new AnnounceResponse(Interval, Known: true, [], [], RevocationsAfter: 0, 2 * Interval), TrackerJson.Default.AnnounceResponse);
    }
}
