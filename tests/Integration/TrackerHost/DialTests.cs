using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Peers;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Requests to a source to dial the caller's peer, and the streams that bring them.</summary>
public sealed class DialTests
{
    private readonly Hash256 _root = TestUser.RandomHash();

    [TrackerFact]
    public async Task A_source_receives_the_addresses_that_the_tracker_has_of_the_askers_peer()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        await using var stream = await DialListener.OpenAsync(swarm.Source);

        await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());

        var dial = await stream.NextAsync();
        Assert.Equal((Swarm.Group, await swarm.Asker.GroupIdAsync(Swarm.Group), _root), (dial.Group, dial.GroupId, dial.PiecesRoot));
        var seen = Assert.Single((await swarm.Source.FindSourcesAsync(Swarm.Group, _root)).Contents[0].Peers, peer => peer.Fingerprint == swarm.Asker.Fingerprint);
        Assert.Equal(seen with { EndPoints = [] }, dial.Peer with { EndPoints = [] });
        Assert.Equal(seen.EndPoints, dial.Peer.EndPoints);
        Assert.Equal(["127.0.0.1:5000"], dial.Peer.EndPoints);
    }

    [TrackerFact]
    public async Task Only_a_member_with_an_own_peer_online_lets_a_source_dial_that_holds_the_content()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        using var stranger = await TestUser.CreateAsync(tracker, "mallory");
        await stranger.CreateGroupAsync("hers");
        await stranger.AnnounceAsync(("hers", _root, Complete: true));
        using var silent = await TestUser.CreateAsync(tracker, "silent");
        await silent.JoinAsync(swarm.Source, Swarm.Group);
        using var closed = await TestUser.CreateAsync(tracker, "closed");
        await closed.JoinAsync(swarm.Source, Swarm.Group);
        await closed.AnnounceAsync(new AnnounceRequest(closed.Fingerprint, Port: 0, [], Full: true, [], [], RevocationsAfter: 0));
        await using var stream = await DialListener.OpenAsync(swarm.Source);
        var group = await swarm.Asker.GroupIdAsync(Swarm.Group);
        var hers = await stranger.GroupIdAsync("hers");

        // Not a member, of the group that it names or of the one that has the content.
        await Refused(stranger, Swarm.Group, Request(stranger), HttpStatusCode.Forbidden, ErrorCode.NotMember);
        await Refused(stranger, "hers", Request(stranger) with { GroupId = hers }, HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        // Another group has the name by now.
        await Refused(swarm.Asker, Swarm.Group, Request(swarm.Asker) with { GroupId = hers }, HttpStatusCode.NotFound, ErrorCode.GroupNotFound);
        // The source does not hold it; there is no such source; the source is the asker.
        await Refused(swarm.Asker, Swarm.Group, Request(swarm.Asker) with { PiecesRoot = TestUser.RandomHash() }, HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        await Refused(swarm.Asker, Swarm.Group, Request(swarm.Asker) with { Fingerprint = TestUser.RandomHash() }, HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        await Refused(swarm.Asker, Swarm.Group, Request(swarm.Asker) with { Fingerprint = swarm.Asker.Fingerprint }, HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        // No own peer online, one that accepts no connections, or another user's.
        await Refused(silent, Swarm.Group, Request(silent), HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        await Refused(closed, Swarm.Group, Request(closed), HttpStatusCode.NotFound, ErrorCode.PeerNotFound);
        await Refused(silent, Swarm.Group, Request(silent) with { OwnFingerprint = swarm.Asker.Fingerprint }, HttpStatusCode.NotFound, ErrorCode.PeerNotFound);

        await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());
        Assert.Equal(swarm.Asker.Fingerprint, (await stream.NextAsync()).Peer.Fingerprint);

        DialRequest Request(TestUser asker) => new(group, _root, swarm.Source.Fingerprint, asker.Fingerprint);

        static async Task Refused(TestUser asker, string group, DialRequest request, HttpStatusCode status, string code) =>
            await asker.ExpectProblem(status, code, await asker.PostAsync(TrackerRoutes.DialRequests(group), request));
    }

    [TrackerFact]
    public async Task A_former_member_and_a_source_that_left_are_out()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        await swarm.Source.Expect(HttpStatusCode.NoContent, await swarm.Source.DeleteAsync(TrackerRoutes.Peer(swarm.Source.Fingerprint)));
        await swarm.Asker.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.PeerNotFound, await swarm.AskAsync());

        await swarm.Source.AnnounceAsync((Swarm.Group, _root, Complete: true));
        await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());
        await swarm.Source.Expect(HttpStatusCode.NoContent, await swarm.Source.DeleteAsync(TrackerRoutes.Member(Swarm.Group, "asker")));
        await swarm.Asker.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await swarm.AskAsync());
    }

    [TrackerFact]
    public async Task A_stream_is_for_a_peer_that_its_session_announced()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        using var other = await TestUser.LogInAsync(tracker, "source");

        await swarm.Asker.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.PeerNotFound, await swarm.Asker.GetAsync(TrackerRoutes.Dials(swarm.Source.Fingerprint)));
        await other.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.PeerNotFound, await other.GetAsync(TrackerRoutes.Dials(swarm.Source.Fingerprint)));
        await other.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await other.GetAsync($"{TrackerRoutes.Peers}/nothing/dials"));
    }

    [TrackerFact]
    public async Task A_newer_stream_of_a_peer_takes_the_place_of_the_older()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        await using var older = await DialListener.OpenAsync(swarm.Source);
        await using var newer = await DialListener.OpenAsync(swarm.Source);

        Assert.Null(await older.TryNextAsync());
        await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());
        Assert.Equal(swarm.Asker.Fingerprint, (await newer.NextAsync()).Peer.Fingerprint);
    }

    [TrackerFact]
    public async Task A_stream_ends_with_its_session_and_a_later_session_of_the_user_does_not_feed_it()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        await using var stream = await DialListener.OpenAsync(swarm.Source);
        await swarm.Source.Expect(HttpStatusCode.NoContent, await swarm.Source.DeleteAsync(TrackerRoutes.CurrentSession));
        await swarm.Source.LogInAsync();
        await swarm.Source.AnnounceAsync((Swarm.Group, _root, Complete: true));

        await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());

        Assert.Null(await stream.TryNextAsync());
    }

    [TrackerFact]
    public async Task Of_a_flood_of_one_user_a_source_receives_a_few_a_second_and_another_user_still_gets_through()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        using var honest = await TestUser.CreateAsync(tracker, "honest");
        await honest.JoinAsync(swarm.Source, Swarm.Group);
        await honest.AnnounceAsync((Swarm.Group, _root, Complete: false));
        await using var stream = await DialListener.OpenAsync(swarm.Source);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 200; i++)
        {
            await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());
        }

        var seconds = (int)watch.Elapsed.TotalSeconds + 2;
        await honest.Expect(HttpStatusCode.Accepted, await swarm.AskAsync(honest));
        var flood = 0;
        while ((await stream.NextAsync()).Peer.Fingerprint != honest.Fingerprint)
        {
            flood++;
        }

        Assert.InRange(flood, 1, seconds * DialStream.MaxPerUserAndSecond);
    }

    [TrackerFact]
    public async Task A_user_and_all_users_together_ask_only_so_often()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.DialRequestsPerMinute, options.TotalDialRequestsPerMinute) = (3, 5));
        using var swarm = await Swarm.StartAsync(tracker, _root);
        using var other = await TestUser.CreateAsync(tracker, "other");
        await other.JoinAsync(swarm.Source, Swarm.Group);
        await other.AnnounceAsync((Swarm.Group, _root, Complete: false));
        for (var i = 0; i < 3; i++)
        {
            await swarm.Asker.Expect(HttpStatusCode.Accepted, await swarm.AskAsync());
        }

        var answer = await swarm.AskAsync();
        Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        await swarm.Asker.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, answer);
        await other.Expect(HttpStatusCode.Accepted, await swarm.AskAsync(other));
        await other.Expect(HttpStatusCode.Accepted, await swarm.AskAsync(other));
        await other.ExpectProblem(HttpStatusCode.TooManyRequests, ErrorCode.TooManyAttempts, await swarm.AskAsync(other));
        // Nothing else is refused.
        await other.FindSourcesAsync(Swarm.Group, _root);
    }

    [TrackerFact]
    public async Task Streams_are_counted_for_a_user_and_altogether_and_a_closed_one_makes_room()
    {
        await using var tracker = await TestTracker.StartAsync(options => (options.DialStreams, options.DialStreamsPerUser) = (2, 1));
        using var swarm = await Swarm.StartAsync(tracker, _root);
        using var third = await TestUser.CreateAsync(tracker, "third");
        await third.AnnounceAsync();
        var second = TestUser.NewFingerprint();
        await swarm.Source.AnnounceAsync(new AnnounceRequest(second, 5001, [], Full: true, [], [], RevocationsAfter: 0));
        var first = await DialListener.OpenAsync(swarm.Source);
        await using var other = await DialListener.OpenAsync(swarm.Asker);

        await swarm.Source.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await swarm.Source.GetAsync(TrackerRoutes.Dials(second)));
        await third.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.QuotaExceeded, await third.GetAsync(TrackerRoutes.Dials(third.Fingerprint)));

        await first.DisposeAsync();
        await Eventually.HoldsAsync(() => tracker.Services.GetRequiredService<DialStreams>().Count == 1, "the closed stream is gone");
        await using var again = await DialListener.OpenAsync(third);
    }

    [TrackerFact]
    public async Task A_silent_stream_gets_heartbeats_and_ends_when_the_tracker_stops()
    {
        var tracker = await TestTracker.StartAsync();
        using var swarm = await Swarm.StartAsync(tracker, _root);
        await using var stream = await DialListener.OpenAsync(swarm.Source);

        Assert.Equal(GroupEventItems.Heartbeat, (await stream.NextItemAsync())?.EventType);

        await tracker.DisposeAsync();
        Assert.Null(await stream.TryNextAsync());
    }

    private sealed class Swarm : IDisposable
    {
        public const string Group = "dev";

        private readonly Hash256 _root;

        private Swarm(TestUser source, TestUser asker, Hash256 root) => (Source, Asker, _root) = (source, asker, root);

        /// <summary>Owns the group, and has all of the content.</summary>
        public TestUser Source { get; }

        public TestUser Asker { get; }

        public static async Task<Swarm> StartAsync(TestTracker tracker, Hash256 root)
        {
            var source = await TestUser.CreateAsync(tracker, "source");
            var asker = await TestUser.CreateAsync(tracker, "asker");
            await source.CreateGroupAsync(Group);
            await asker.JoinAsync(source, Group);
            await source.ShareAsync(Group, "file", root);
            await source.AnnounceAsync((Group, root, Complete: true));
            await asker.AnnounceAsync((Group, root, Complete: false));
            return new Swarm(source, asker, root);
        }

        public async Task<HttpResponseMessage> AskAsync(TestUser? asker = null)
        {
            asker ??= Asker;
            return await asker.PostAsync(
                TrackerRoutes.DialRequests(Group), new DialRequest(await Source.GroupIdAsync(Group), _root, Source.Fingerprint, asker.Fingerprint));
        }

        public void Dispose()
        {
            Source.Dispose();
            Asker.Dispose();
        }
    }
}
