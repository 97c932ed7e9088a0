using System.Collections.Concurrent;
using System.Net.Http.Json;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>How many requests many contents cost, and what each caller receives.</summary>
public sealed class SourceLocatorTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly TrackerSession _session;
    private readonly SourceLocator _locator;
    private long _revocations = 3;
    private readonly ConcurrentQueue<SourcesRequest> _requests = [];
    private readonly SemaphoreSlim _mayAnswer = new(0);
    private readonly SemaphoreSlim _asked = new(0);
    private volatile HashSet<Hash256> _missing = [];

    public SourceLocatorTests()
    {
        _session = InMemoryTracker.NewSession(new FakeTimeProvider(), _tracker);
        _locator = new SourceLocator(_session, Hash256.Compute([1]), Hash256.Compute([2]), () => _revocations);
        _tracker.Answer = AnswerAsync;
    }

    public void Dispose()
    {
        _session.Dispose();
        _tracker.Dispose();
        _mayAnswer.Dispose();
        _asked.Dispose();
    }

    [Fact]
    public async Task Contents_that_are_looked_for_while_a_request_is_on_its_way_go_together_into_the_next_one()
    {
        var first = FindAsync("dev", 0);
        Assert.True(await _asked.WaitAsync(Limit));
        var others = Enumerable.Range(1, 20).Select(i => FindAsync("dev", i)).ToList();
        _mayAnswer.Release(2);

        Assert.Equal("Ticket 1", (await first).Ticket);
        Assert.All(await Task.WhenAll(others).WaitAsync(Limit), found => Assert.Equal("Ticket 2", found.Ticket));
        Assert.Equal([1, 20], _requests.Select(request => request.PiecesRoots.Count));
    }

    [Fact]
    public async Task Each_caller_receives_the_peers_of_its_content()
    {
        _mayAnswer.Release(10);
        for (var i = 0; i < 3; i++)
        {
            var found = await FindAsync("dev", i);
            Assert.Equal($"peer of {Root(i)}", Assert.Single(found.Peers).UserName);
        }
    }

    [Fact]
    public async Task A_source_is_listed_as_of_the_moment_of_the_request()
    {
        var asking = FindAsync("dev", 0);
        Assert.True(await _asked.WaitAsync(Limit));
        _revocations = 4;
        _mayAnswer.Release();

        var found = await asking;
        var peer = Assert.Single(found.Peers);
        Assert.Equal(new ListedSource(peer.UserId, peer.SessionId, found.Expires, 3), found.Find(peer.Fingerprint));
        Assert.Null(found.Find(Hash256.Compute([200])));
    }

    [Fact]
    public async Task Callers_that_look_for_one_content_at_once_share_a_request()
    {
        var first = FindAsync("dev", 0);
        Assert.True(await _asked.WaitAsync(Limit));
        var second = FindAsync("dev", 1);
        var third = FindAsync("DEV", 1);
        _mayAnswer.Release(2);

        await Task.WhenAll(first, second, third).WaitAsync(Limit);

        Assert.Equal([1, 1], _requests.Select(request => request.PiecesRoots.Count));
    }

    [Fact]
    public async Task A_request_contains_at_most_as_many_contents_as_the_tracker_accepts()
    {
        var first = FindAsync("dev", -1);
        Assert.True(await _asked.WaitAsync(Limit));
        var others = Enumerable.Range(0, SourcesRequest.MaxContents + 1).Select(i => FindAsync("dev", i)).ToList();
        _mayAnswer.Release(3);

        await Task.WhenAll([first, .. others]).WaitAsync(Limit);

        Assert.Equal([1, SourcesRequest.MaxContents, 1], _requests.Select(request => request.PiecesRoots.Count));
    }

    [Fact]
    public async Task Groups_do_not_wait_for_each_other()
    {
        var dev = FindAsync("dev", 0);
        var ops = FindAsync("ops", 0);
        Assert.True(await _asked.WaitAsync(Limit));
        Assert.True(await _asked.WaitAsync(Limit));
        _mayAnswer.Release(2);

        await Task.WhenAll(dev, ops).WaitAsync(Limit);
    }

    [Fact]
    public async Task A_content_that_the_group_does_not_have_is_an_error_for_its_callers_only()
    {
        var first = FindAsync("dev", 0);
        Assert.True(await _asked.WaitAsync(Limit));
        _missing = [Root(1)];
        var missing = FindAsync("dev", 1);
        var found = FindAsync("dev", 2);
        _mayAnswer.Release(2);

        await Task.WhenAll(first, found).WaitAsync(Limit);
        var error = await Assert.ThrowsAsync<P2PShareException>(() => missing);
        Assert.Equal(ErrorCode.FileNotFound, error.Code);
    }

    [Fact]
    public async Task The_trackers_error_reaches_every_caller_and_the_next_one_asks_again()
    {
        _tracker.Answer = InMemoryTracker.Problem(403, ErrorCode.NotMember, "Not a member.");
        var callers = Enumerable.Range(0, 3).Select(i => FindAsync("dev", i)).ToList();
        foreach (var caller in callers)
        {
            Assert.Equal(ErrorCode.NotMember, (await Assert.ThrowsAsync<P2PShareException>(() => caller)).Code);
        }

        _tracker.Answer = AnswerAsync;
        _mayAnswer.Release();
        await FindAsync("dev", 0);
    }

    [Fact]
    public async Task A_caller_that_is_cancelled_does_not_cancel_the_others()
    {
        using var cancel = new CancellationTokenSource();
        var cancelled = _locator.FindAsync(TestIds.Group("dev"), Root(0), cancel.Token);
        var other = FindAsync("dev", 0);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        // The two may be asked together or one after the other.
        _mayAnswer.Release(2);
        await other;
    }

    private static Hash256 Root(int i) => Hash256.Compute(BitConverter.GetBytes(i));

    private Task<SourceLocator.Sources> FindAsync(string group, int i) => _locator.FindAsync(TestIds.Group(group), Root(i), CancellationToken.None).WaitAsync(Limit);

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var request = (await message.Content!.ReadFromJsonAsync(TrackerJson.Default.SourcesRequest, cancellationToken))!;
        _requests.Enqueue(request);
        var ticket = $"Ticket {_requests.Count}";
        _asked.Release();
        await _mayAnswer.WaitAsync(cancellationToken);
        var found = request.PiecesRoots.Where(root => !_missing.Contains(root))
            .Select(root => new ContentSources(root, [new SourcePeer(Hash256.Compute([9]), TestIds.Of("bob"), TestIds.Of("session"), $"peer of {root}", true, [])]));
        return await InMemoryTracker.Json(
            new SourcesResponse(TestIds.Of("dev"), ticket, DateTimeOffset.UnixEpoch, [.. found]), TrackerJson.Default.SourcesResponse)(message, cancellationToken);
    }
}
