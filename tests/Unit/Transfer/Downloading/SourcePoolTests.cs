using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Trackers;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class SourcePoolTests : ISourceConnector
{
    private static readonly Hash256 Own = Hash256.Compute([255]);

    private readonly FakeTimeProvider _clock = new();
    private readonly Dictionary<Hash256, FakeSource> _reachable = [];
    private readonly List<Hash256> _dials = [];
    private readonly List<FakeSource> _bulk = [];
    private readonly SourcePool _pool;
    private FakeSource? _twin;

    public SourcePoolTests() => _pool = new SourcePool(
        "data.bin", Own, this, peer => Attach(peer), bulkAbove: MiB, new Random(1), NullLogger.Instance, _clock);

    [Fact]
    public async Task It_connects_to_the_peers_that_the_tracker_names_and_shows_the_ticket()
    {
        await FindAsync("first", 1, 2);

        Assert.Equal([1u, 2u], _pool.Connected.Select(source => source.Peer.ChannelId).Order());
        Assert.Equal(2, _pool.KnownPeers);

        await FindAsync("second", 1, 2);
        Assert.Equal(2, _dials.Count);
        Assert.All(_pool.Connected, source => Assert.Equal(["second"], ((FakeSource)source.Peer).Tickets));
    }

    [Fact]
    public async Task A_source_that_the_other_side_opened_gets_no_ticket()
    {
        var peer = new FakeSource(1) { IsOpenedHere = false };
        Attach(peer);

        await FindAsync("ticket", 2);

        Assert.Empty(peer.Tickets);
    }

    [Fact]
    public async Task Itself_is_not_tried_and_a_peer_without_an_address_is_as_it_may_dial()
    {
        await _pool.ConnectAsync(
            new SourceLocator.Sources("ticket", DateTimeOffset.MaxValue, 0, [new SourcePeer(Own, TestIds.Of("bob"), TestIds.Of("session"), "me", true, ["127.0.0.1:1"]), new SourcePeer(FingerprintOf(1), TestIds.Of("bob"), TestIds.Of("session"), "bob", true, [])]), default);

        Assert.Equal([FingerprintOf(1)], _dials);
        Assert.Equal(2, _pool.KnownPeers);
    }

    [Fact]
    public async Task No_more_than_16_sources_are_connected()
    {
        await FindAsync("ticket", [.. Enumerable.Range(1, 40)]);

        Assert.Equal(SourcePool.MaxSources, _pool.Connected.Count);
        Assert.Equal(SourcePool.MaxSources, _dials.Count);
    }

    [Fact]
    public async Task When_it_is_full_the_slowest_is_exchanged_for_a_peer_that_was_not_tried_each_half_minute()
    {
        await FindAsync("ticket", [.. Enumerable.Range(1, 16)]);
        foreach (var source in _pool.Connected)
        {
            source.Speed.Add(source.Peer.ChannelId == 7 ? 1000 : 1000 * MiB);
        }

        await FindAsync("ticket", [.. Enumerable.Range(1, 17)]);
        Assert.Equal(16, _dials.Count);

        _clock.Advance(SourcePool.RotationInterval);
        await FindAsync("ticket", [.. Enumerable.Range(1, 17)]);
        Assert.Equal(CloseReason.Done, _reachable[FingerprintOf(7)].Closed);
        Assert.Equal(16, _pool.Connected.Count);
        Assert.Contains(_pool.Connected, source => source.Peer.ChannelId == 17);

        await FindAsync("ticket", [.. Enumerable.Range(1, 18)]);
        Assert.Equal(17, _dials.Count);
    }

    [Fact]
    public async Task When_it_is_full_and_no_other_peer_is_known_none_is_exchanged()
    {
        await FindAsync("ticket", [.. Enumerable.Range(1, 16)]);
        _clock.Advance(SourcePool.RotationInterval);

        await FindAsync("ticket", [.. Enumerable.Range(1, 16)]);

        Assert.All(_reachable.Values, peer => Assert.False(peer.IsClosed));
    }

    [Fact]
    public async Task Sources_that_the_other_side_opened_and_bulk_connections_are_not_exchanged()
    {
        for (var number = 1; number <= 15; number++)
        {
            Attach(new FakeSource(number) { IsOpenedHere = number % 2 == 0, IsBulk = number % 2 == 0 });
        }

        Attach(new FakeSource(16));
        foreach (var source in _pool.Connected)
        {
            source.Speed.Add(source.Peer.ChannelId == 16 ? MiB : 1);
        }

        _clock.Advance(SourcePool.RotationInterval);

        await FindAsync("ticket", 17);

        Assert.DoesNotContain(_pool.Connected, source => source.Peer.ChannelId == 16);
        Assert.Contains(_pool.Connected, source => source.Peer.ChannelId == 17);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_reached_is_tried_again_later_and_later()
    {
        await FindUnreachableAsync();
        Assert.Single(_dials);
        Assert.Equal("It is off.", _pool.LastProblem);

        await FindUnreachableAsync();
        Assert.Single(_dials);

        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindUnreachableAsync();
        Assert.Equal(2, _dials.Count);

        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindUnreachableAsync();
        Assert.Equal(2, _dials.Count);

        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindUnreachableAsync();
        Assert.Equal(3, _dials.Count);
    }

    [Fact]
    public async Task The_back_off_is_reset_once_a_source_works()
    {
        await FindUnreachableAsync();
        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindAsync("ticket", 1);
        var source = Assert.Single(_pool.Connected);
        _pool.ResetBackoff(source);
        _pool.Remove(source);
        _reachable.Clear();

        await FindUnreachableAsync();
        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindUnreachableAsync();

        Assert.Equal(4, _dials.Count);
    }

    [Fact]
    public async Task Connecting_ends_when_it_is_cancelled()
    {
        using var cancelling = new CancellationTokenSource();
        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _pool.ConnectAsync(Sources("ticket", 1), cancelling.Token));
    }

    [Fact]
    public async Task A_banned_peer_is_closed_on_all_its_channels_and_never_connected_again()
    {
        await FindAsync("ticket", 1, 2);
        var bulk = new FakeSource(9, FingerprintOf(1)) { IsBulk = true };
        Attach(bulk);

        _pool.Ban(FingerprintOf(1), "it sent a wrong piece");

        Assert.Equal([2u], _pool.Connected.Select(source => source.Peer.ChannelId));
        Assert.Equal((CloseReason.Done, CloseReason.Done), (_reachable[FingerprintOf(1)].Closed, bulk.Closed));
        Assert.Equal("a peer was banned: it sent a wrong piece", _pool.LastProblem);
        _clock.Advance(TimeSpan.FromHours(1));
        await FindAsync("ticket", 1, 2);
        Assert.Equal(2, _dials.Count);
        Assert.Null(_pool.TryAdd(new FakeSource(10, FingerprintOf(1))));
    }

    [Fact]
    public void A_channel_is_added_once()
    {
        var peer = new FakeSource(1);

        Assert.NotNull(_pool.TryAdd(peer));
        Assert.Null(_pool.TryAdd(peer));
    }

    [Fact]
    public void Peers_are_counted_once_their_bitfield_is_there()
    {
        var first = _pool.TryAdd(new FakeSource(1))!;
        var bulk = _pool.TryAdd(new FakeSource(2, FingerprintOf(1)) { IsBulk = true })!;
        _pool.TryAdd(new FakeSource(3));
        Assert.Equal(0, _pool.PeerCount);

        first.Has = new(4);
        bulk.Has = new(4);
        Assert.Equal(1, _pool.PeerCount);
    }

    [Fact]
    public async Task A_fast_source_gets_two_bulk_connections_once()
    {
        await FindAsync("ticket", 1);
        var source = Assert.Single(_pool.Connected);
        source.CountArrival(8 * MiB);
        _pool.AddBulkConnections(source);
        Assert.Empty(_bulk);

        source.CountArrival(MiB);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        _pool.AddBulkConnections(source);
        _pool.AddBulkConnections(source);

        Assert.Equal(2, _bulk.Count);
        Assert.True(source.IsSpare);
        Assert.Equal(3, _pool.Connected.Count);
    }

    [Theory]
    [InlineData(false, false, 9 * MiB, 1)]
    [InlineData(true, true, 9 * MiB, 1)]
    [InlineData(true, false, 9 * MiB, 60)]
    public void Others_get_none(bool isDialled, bool isBulk, int bytes, int seconds)
    {
        var source = _pool.TryAdd(new FakeSource(1) { IsDialled = isDialled, IsBulk = isBulk })!;
        source.CountArrival(bytes);
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        _pool.AddBulkConnections(source);

        Assert.Empty(_bulk);
        Assert.False(source.IsSpare);
    }

    [Fact]
    public async Task A_far_source_gets_more_as_it_becomes_faster_and_one_that_is_lost_is_not_opened_again()
    {
        var source = await FindFarAsync(outOfOrder: 0);
        source.CountArrival(5 * MiB);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        _pool.AddBulkConnections(source);
        Assert.Equal(2, _bulk.Count);

        source.CountArrival(9 * MiB);
        _pool.AddBulkConnections(source);
        Assert.Equal(2, _bulk.Count);

        _pool.Remove(_pool.Connected.First(other => other.Peer.IsBulk));
        _clock.Advance(SourcePool.BulkInterval);
        _pool.AddBulkConnections(source);
        Assert.Equal(3, _bulk.Count);
        Assert.Equal(3, _pool.Connected.Count);
    }

    [Fact]
    public async Task A_far_source_that_loses_packets_gets_seven_and_its_first_connection_is_used_too()
    {
        var source = await FindFarAsync(outOfOrder: 0.1);
        source.CountArrival(MiB);
        _pool.AddBulkConnections(source);
        Assert.Equal(7, _bulk.Count);
        Assert.False(source.IsSpare);

        foreach (var bulk in _pool.Connected.Where(other => other.Peer.IsBulk).ToArray())
        {
            _clock.Advance(SourcePool.BulkInterval);
            bulk.CountArrival(MiB);
            _pool.AddBulkConnections(bulk);
        }

        Assert.Equal(7, _bulk.Count);
    }

    [Fact]
    public async Task The_first_connection_is_used_again_when_a_bulk_connection_is_lost()
    {
        await FindAsync("ticket", 1);
        var source = Assert.Single(_pool.Connected);
        source.CountArrival(9 * MiB);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        _pool.AddBulkConnections(source);

        _pool.Remove(_pool.Connected.First(other => other.Peer.IsBulk));

        Assert.False(source.IsSpare);
    }

    [Fact]
    public async Task No_bulk_connection_is_kept_once_the_download_has_ended()
    {
        await FindAsync("ticket", 1);
        var source = Assert.Single(_pool.Connected);
        source.CountArrival(9 * MiB);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        _pool.Close(isComplete: true);

        _pool.AddBulkConnections(source);

        Assert.Empty(_bulk);
        Assert.False(source.IsSpare);
    }

    [Fact]
    public async Task A_source_that_was_a_duplicate_is_replaced_by_the_connection_that_stays()
    {
        await FindAsync("ticket", 1);
        var duplicate = _pool.TryAdd(new FakeSource(2) { IsDuplicate = true })!;
        var other = _pool.TryAdd(new FakeSource(3))!;
        _twin = new FakeSource(4, FingerprintOf(2));

        _pool.Remove(duplicate);
        _pool.ReplaceDuplicate(duplicate);
        _pool.ReplaceDuplicate(other);

        Assert.Equal([1u, 3u, 4u], _pool.Connected.Select(source => source.Peer.ChannelId).Order());
    }

    [Fact]
    public void A_duplicate_is_not_replaced_before_there_is_a_ticket()
    {
        _twin = new FakeSource(4, FingerprintOf(2));
        _pool.ReplaceDuplicate(new DownloadSource(new FakeSource(2) { IsDuplicate = true }, _clock));

        Assert.Empty(_pool.Connected);
    }

    [Theory]
    [InlineData(CloseReason.NotOffered, "127.0.0.1:1 does not offer it any more")]
    [InlineData(CloseReason.TicketExpired, "127.0.0.1:1 refused the ticket")]
    [InlineData(CloseReason.Busy, "127.0.0.1:1 ended the transfer (Busy)")]
    public async Task A_peer_that_closes_the_channel_is_tried_again_later(CloseReason reason, string problem)
    {
        await FindAsync("ticket", 1);
        var source = Assert.Single(_pool.Connected);

        _pool.Refuse(source, reason);
        _pool.Remove(source);

        Assert.Equal(problem, _pool.LastProblem);
        await FindAsync("ticket", 1);
        Assert.Single(_dials);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await FindAsync("ticket", 1);
        Assert.Equal(2, _dials.Count);
    }

    [Fact]
    public void A_source_that_sends_nothing_is_dropped_after_its_own_time_or_the_maximum()
    {
        var peer = new FakeSource(1);
        Attach(peer);
        _clock.Advance(TimeSpan.FromSeconds(30));
        DropStalled(maxStall: 60);
        Assert.False(peer.IsAborted);

        DropStalled(maxStall: 29);
        Assert.True(peer.IsAborted);
        Assert.Equal("127.0.0.1:1 stopped sending", _pool.LastProblem);
        Assert.Empty(_pool.Connected);
    }

    [Fact]
    public void A_source_that_owes_the_piece_layer_is_dropped()
    {
        var (owing, other) = (new FakeSource(1), new FakeSource(2));
        Attach(owing);
        Attach(other);

        _pool.DropStalled(TimeSpan.FromSeconds(60), source => source.Peer == owing);

        Assert.Equal((true, false), (owing.IsAborted, other.IsAborted));
    }

    [Fact]
    public void A_source_that_takes_more_than_a_minute_for_a_request_is_dropped_if_another_has_the_piece()
    {
        var driver = new SchedulerDriver(Make(2 * 64 * KiB, 64 * KiB));
        var peer = new FakeSource(1) { PieceIdle = TimeSpan.Zero };
        var trickling = _pool.TryAdd(peer)!;
        peer.Listen(new LossListener(() => _pool.Remove(trickling)));
        driver.Scheduler.Add(trickling, driver.Content.All);
        Assert.NotNull(driver.Begin(trickling, driver.Take(trickling)));
        trickling.Receiving = (trickling.Receiving!.Value.Piece, _clock.GetTimestamp());
        _clock.Advance(SourcePool.MaxReceiveTime + TimeSpan.FromSeconds(1));
        DropStalled(maxStall: 3600);
        Assert.False(peer.IsAborted);

        _pool.TryAdd(new FakeSource(2))!.Has = driver.Content.All;
        DropStalled(maxStall: 3600);

        Assert.True(peer.IsAborted);
    }

    [Theory]
    [InlineData(false, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    public void At_the_end_a_channel_is_closed_unless_the_peer_still_fetches_what_is_complete_here(bool isComplete, bool peerIsComplete, bool isClosed)
    {
        var content = Make(2 * 64 * KiB, 64 * KiB);
        var peer = new FakeSource(1) { RemoteHas = peerIsComplete ? content.All : content.Having(0) };
        Attach(peer);

        _pool.Close(isComplete);

        Assert.Equal(isClosed, peer.Closed == CloseReason.Done);
    }

    [Fact]
    public void At_the_end_bulk_connections_are_disconnected_and_channels_of_the_other_side_left()
    {
        var (bulk, theirs) = (new FakeSource(1) { IsBulk = true }, new FakeSource(2) { IsOpenedHere = false });
        Attach(bulk);
        Attach(theirs);

        _pool.Close(isComplete: false);

        Assert.Equal(CloseReason.Done, bulk.Disconnected);
        Assert.False(theirs.IsClosed);
    }

    [Fact]
    public async Task A_user_with_many_peers_hides_none_of_another_user()
    {
        var crowd = Enumerable.Range(1, 100).Select(number => PeerOf("mallory", number)).ToArray();
        SourcePeer[] honest = [PeerOf("alice", 101), PeerOf("bob", 102), PeerOf("bob", 103)];

        await _pool.ConnectAsync(new SourceLocator.Sources("ticket", DateTimeOffset.MaxValue, 0, [.. crowd, .. honest]), CancellationToken.None);

        Assert.Equal(SourcePool.MaxSources, _dials.Count);
        Assert.Superset(honest.Select(peer => peer.Fingerprint).ToHashSet(), _dials.ToHashSet());
        // In turn: in each round one of each user.
        Assert.Equal(3, _dials.Take(3).Select(UserOf).Distinct().Count());

        string UserOf(Hash256 fingerprint) => crowd.Concat(honest).Single(peer => peer.Fingerprint == fingerprint).UserName;
    }

    [Fact]
    public async Task Connected_sources_count_for_the_turn_of_their_user()
    {
        var connected = Enumerable.Range(1, 15).Select(number => PeerOf("mallory", number)).ToArray();
        foreach (var number in Enumerable.Range(1, 15))
        {
            _reachable.Add(FingerprintOf(number), new FakeSource(number));
        }

        await _pool.ConnectAsync(new SourceLocator.Sources("ticket", DateTimeOffset.MaxValue, 0, connected), CancellationToken.None);
        _dials.Clear();
        await _pool.ConnectAsync(
            new SourceLocator.Sources("ticket", DateTimeOffset.MaxValue, 0, [.. connected, .. Enumerable.Range(20, 50).Select(number => PeerOf("mallory", number)), PeerOf("alice", 101)]), CancellationToken.None);

        Assert.Equal(FingerprintOf(101), Assert.Single(_dials));
    }

    Task<ISource> ISourceConnector.ConnectAsync(SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken)
    {
        _dials.Add(peer.Fingerprint);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<ISource>(cancellationToken);
        }

        return _reachable.TryGetValue(peer.Fingerprint, out var source)
            ? Task.FromResult<ISource>(source)
            : Task.FromException<ISource>(new IOException("It is off."));
    }

    Task<ISource?> ISourceConnector.ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound)
    {
        if (getFound() is null)
        {
            return Task.FromResult<ISource?>(null);
        }

        _bulk.Add(new FakeSource(100 + _bulk.Count, first.Fingerprint) { IsBulk = true });
        return Task.FromResult<ISource?>(_bulk[^1]);
    }

    ISource? ISourceConnector.TryReuse(Hash256 fingerprint, SourceLocator.Sources found) => _twin?.Fingerprint == fingerprint ? _twin : null;

    private static Hash256 FingerprintOf(int number) => Hash256.Compute([(byte)number]);

    private static SourcePeer PeerOf(string user, int number) =>
        new(FingerprintOf(number), TestIds.Of(user), TestIds.Of("session"), user, true, ["127.0.0.1:1"]);

    private static SourceLocator.Sources Sources(string ticket, params int[] peers) =>
        new(ticket, DateTimeOffset.MaxValue, 0, [.. peers.Select(number => new SourcePeer(FingerprintOf(number), TestIds.Of("bob"), TestIds.Of("session"), "bob", true, ["127.0.0.1:1"]))]);

    private Task FindAsync(string ticket, params int[] peers)
    {
        foreach (var number in peers)
        {
            _reachable.TryAdd(FingerprintOf(number), new FakeSource(number));
        }

        return _pool.ConnectAsync(Sources(ticket, peers), CancellationToken.None);
    }

    [Fact]
    public async Task Bulk_connections_to_one_peer_leave_the_places_of_others()
    {
        _pool.AddBulkConnections(await FindFarAsync(outOfOrder: 0.1));
        Assert.Equal(7, _bulk.Count);

        await FindAsync("ticket", [.. Enumerable.Range(1, 20)]);

        Assert.Equal(SourcePool.MaxSources, _pool.Connected.Select(source => source.Fingerprint).Distinct().Count());
    }

    private async Task<DownloadSource> FindFarAsync(double outOfOrder)
    {
        var distance = TimeSpan.FromMilliseconds(50);
        _reachable[FingerprintOf(1)] = new FakeSource(1) { Path = new TcpPath(distance, distance, outOfOrder) };
        await FindAsync("ticket", 1);
        return Assert.Single(_pool.Connected);
    }

    private Task FindUnreachableAsync() => _pool.ConnectAsync(Sources("ticket", 1), CancellationToken.None);

    private void DropStalled(int maxStall) => _pool.DropStalled(TimeSpan.FromSeconds(maxStall), _ => false);

    private void Attach(ISource peer)
    {
        if (_pool.TryAdd(peer) is { } source)
        {
            peer.Listen(new LossListener(() => _pool.Remove(source)));
        }
    }
}
