using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;
using P2PShare.Unit.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class ContentRegistryTests : ConnectionTest, IAsyncLifetime
{
    private const string Name = "data.bin";

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bytes = SharedFile.Bytes(200_000);
    private readonly FakeAnnouncer _announcer = new();
    private readonly List<ShareFileRequest> _shared = [];
    private readonly List<string> _stopped = [];
    private readonly ConcurrentQueue<Hash256> _removed = [];
    private readonly StateFolder _state;
    private readonly ShareStore _store;
    private readonly ContentRegistry _registry;
    private HashedFile _file = null!;
    private Action _onStop = () => { };

    public ContentRegistryTests()
    {
        _state = StateFolder.Open(Path.Combine(_folder.Path, "state"));
        _store = new ShareStore(_state, new TrackerAccount(Guid.NewGuid(), "alice"), (group, names, _) =>
        {
            _stopped.AddRange(names.Select(name => $"{group}/{name}"));
            _onStop();
            return Task.FromResult(new WithdrawFilesResponse(TestIds.Of(group), []));
        });
        _registry = NewRegistry();
    }

    private IContentRegistry Downloads => _registry;

    private Hash256 Root => _file.Content.PiecesRoot!.Value;

    public async Task InitializeAsync() => _file = await SharedFile.MakeAsync(_folder, Name, _bytes);

    async Task IAsyncLifetime.DisposeAsync()
    {
        await DisposeAsync();
        await _state.Database.FlushAsync();
        _registry.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_shared_file_is_registered_kept_offered_and_announced()
    {
        var response = await _registry.ShareAsync(_file, "dev", Name, replace: true, CancellationToken.None);

        var written = new DateTimeOffset(File.GetLastWriteTimeUtc(_file.Path));
        bool? executable = OperatingSystem.IsWindows() ? null : false;
        Assert.Equal(new ShareFileRequest(Name, 200_000, _file.Content.PieceLength, Root, Replace: true, written, executable), Assert.Single(_shared));
        // The tracker spells the group, and does not count this peer yet.
        Assert.Equal(("Dev", 1), (response.Group, response.Sources));
        Assert.Equal(["hold dev complete", "flush"], _announcer.Calls);
        var kept = Assert.Single(_store.GetAll());
        Assert.Equal(("Dev", Name, false, _file.Path), (kept.Group.Name, kept.Name, kept.Received, kept.File.Path));
        Assert.Equal(_bytes[..100], Read(Find("dev")!, 100));
        Assert.Null(Find("ops"));
        Assert.Equal(1, _registry.NameCount);
    }

    [Fact]
    public async Task A_state_folder_that_cannot_be_written_is_reported_and_the_share_stands()
    {
        using (var connection = _state.Database.Open())
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "DROP TABLE shares";
            command.ExecuteNonQuery();
        }

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None));
        _registry.Adopt(_file, TestIds.Group("dev"), Name);

        Assert.Equal(ErrorCode.StateFolderUnusable, error.Code);
        Assert.Single(_shared);
        // No caller waits for the second write: its failure is logged.
        await Eventually.HoldsAsync(() => Log.Any(line => line.StartsWith("The state folder could not be written", StringComparison.Ordinal)), "it is logged");
    }

    [Fact]
    public async Task An_empty_file_is_registered_and_not_offered()
    {
        var empty = await SharedFile.MakeAsync(_folder, "empty.bin", []);

        var response = await _registry.ShareAsync(empty, "dev", "empty.bin", replace: false, CancellationToken.None);
        _registry.Adopt(empty, TestIds.Group("dev"), "empty.bin");

        Assert.Equal(0, response.Sources);
        Assert.Empty(_announcer.Calls);
        Assert.Equal(0, _registry.NameCount);
    }

    [Fact]
    public async Task A_name_that_no_file_may_have_is_refused_before_the_tracker_is_asked()
    {
        await Assert.ThrowsAsync<P2PShareException>(() => _registry.ShareAsync(_file, "dev", "../data.bin", replace: false, CancellationToken.None));

        Assert.Empty(_shared);
    }

    [Fact]
    public async Task An_adopted_file_is_offered_and_kept_as_received()
    {
        _registry.Adopt(_file, TestIds.Group("dev"), Name);

        Assert.Equal(["hold dev complete"], _announcer.Calls);
        await _state.Database.FlushAsync();
        Assert.True(Assert.Single(_store.GetAll()).Received);
    }

    [Fact]
    public async Task A_content_stays_offered_in_a_group_until_its_last_name_there_is_stopped()
    {
        foreach (var name in new[] { "first.bin", "second.bin" })
        {
            await _registry.ShareAsync(_file, "dev", name, replace: false, CancellationToken.None);
        }

        Assert.Equal(2, _registry.NameCount);
        await _registry.WithdrawAsync("dev", ["second.bin"], CancellationToken.None);

        Assert.Equal("first.bin", Find("dev")?.NameIn(TestIds.Of("dev")));
        Assert.DoesNotContain("withdraw dev", _announcer.Calls);
        Assert.Equal("first.bin", Assert.Single(_store.GetAll()).Name);

        await _registry.WithdrawAsync("dev", ["first.bin"], CancellationToken.None);

        Assert.Null(Find("dev"));
        Assert.Contains("withdraw dev", _announcer.Calls);
        Assert.Equal(0, _registry.NameCount);
    }

    [Fact]
    public async Task A_share_that_was_stopped_is_withdrawn_and_its_channels_closed()
    {
        await _registry.ShareAsync(_file, "Dev", Name, replace: false, CancellationToken.None);
        await _registry.ShareAsync(_file, "ops", Name, replace: false, CancellationToken.None);
        var (connection, remote, _) = Run();
        var (dev, ops) = (Open(connection, 1, "Dev"), Open(connection, 3, "ops"));

        await _registry.WithdrawAsync("Dev", [Name], CancellationToken.None);

        Assert.Equal(["Dev/" + Name], _stopped);
        Assert.Contains("withdraw dev", _announcer.Calls);
        Assert.Null(Find("dev"));
        Assert.NotNull(Find("ops"));
        Assert.Equal(new CloseMessage(1, CloseReason.NotOffered), await remote.ReceiveCloseAsync());
        Assert.Same(ops, Assert.Single(connection.Channels));
        Assert.Null(connection.Find(dev.Id));
        Assert.Equal("ops", Assert.Single(_store.GetAll()).Group.Name);
    }

    [Fact]
    public async Task A_content_is_reported_when_no_group_is_offered_it_any_more()
    {
        await _registry.ShareAsync(_file, "Dev", Name, replace: false, CancellationToken.None);
        await _registry.ShareAsync(_file, "ops", Name, replace: false, CancellationToken.None);

        await _registry.WithdrawAsync("Dev", [Name], CancellationToken.None);
        Assert.Empty(_removed);
        await _registry.WithdrawAsync("ops", [Name], CancellationToken.None);

        Assert.Equal([Root], _removed);
    }

    [Fact]
    public async Task A_restart_offers_again_what_is_unchanged_and_warns_of_the_rest()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        var changed = await SharedFile.MakeAsync(_folder, "changed.bin", SharedFile.Bytes(100_000, seed: 2));
        await _registry.ShareAsync(changed, "dev", "changed.bin", replace: false, CancellationToken.None);
        var received = await SharedFile.MakeAsync(_folder, "received.bin", SharedFile.Bytes(100_000, seed: 3));
        _registry.Adopt(received, TestIds.Group("dev"), "received.bin");
        await _state.Database.FlushAsync();
        File.Delete(changed.Path);
        File.Delete(received.Path);
        _announcer.Calls.Clear();

        using var restarted = NewRegistry();
        await restarted.RestoreAsync();

        Assert.Equal(["hold dev complete"], _announcer.Calls);
        Assert.Equal(1, restarted.NameCount);
        Assert.StartsWith("'changed.bin' is not offered to group 'Dev': ", Assert.Single(Log), StringComparison.Ordinal);
        await _state.Database.FlushAsync();
        Assert.Equal(["changed.bin", Name], _store.GetAll().Select(share => share.Name).Order());
    }

    [Fact]
    public async Task A_restart_hashes_a_file_of_another_time_again_and_offers_it_if_it_has_the_same_bytes()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        File.SetLastWriteTimeUtc(_file.Path, DateTime.UnixEpoch);

        using (var restarted = await RestartAsync())
        {
            Assert.Equal(1, restarted.NameCount);
        }

        Assert.Empty(Log);
        // It is known as it is now: the next restart does not read it.
        Assert.Equal(DateTimeOffset.UnixEpoch, Assert.Single(_store.GetAll()).File.Modified);
    }

    [Fact]
    public async Task A_restart_warns_of_another_file_of_the_same_size_and_time_and_does_not_offer_it()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        var other = await SharedFile.MakeAsync(_folder, "private", SharedFile.Bytes(_bytes.Length, seed: 5));
        File.SetLastWriteTimeUtc(other.Path, _file.Modified.UtcDateTime);
        File.Move(other.Path, _file.Path, overwrite: true);

        using var restarted = await RestartAsync();

        Assert.Equal(0, restarted.NameCount);
        Assert.Equal($"'{Name}' is not offered to group 'Dev': '{_file.Path}' is not what was shared any more: it has other bytes.", Assert.Single(Log));
    }

    [Fact]
    public async Task A_share_of_an_older_version_is_completed_when_it_is_opened()
    {
        await _registry.ShareAsync(_file with { Identity = null }, "dev", Name, replace: false, CancellationToken.None);

        using var restarted = await RestartAsync();

        Assert.Equal(1, restarted.NameCount);
        Assert.Equal(_file.Identity, Assert.Single(_store.GetAll()).File.Identity);
        Assert.NotNull(_store.FindUnchanged(_file.Path));
    }

    [Fact]
    public async Task A_link_that_an_older_version_shared_is_offered_as_the_file_it_leads_to()
    {
        var link = Path.Combine(_folder.Path, "link.bin");
        File.CreateSymbolicLink(link, _file.Path);
        await _registry.ShareAsync(_file with { Path = link, Identity = null }, "dev", Name, replace: false, CancellationToken.None);

        using var restarted = await RestartAsync();

        Assert.Equal(1, restarted.NameCount);
        Assert.Equal(_file.Path, Assert.Single(_store.GetAll()).File.Path);
    }

    [Fact]
    public void A_part_is_announced_as_incomplete_and_a_part_of_one_piece_not_at_all()
    {
        using var part = OpenPart("part.bin", _file.Content);
        using var single = OpenPart("single.bin", new ContentDescription(1000, 65536, Hash256.Compute([1])));

        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));
        _registry.Offer(single, new OfferedName(TestIds.Group("dev"), "single.bin", IsReceived: true));

        Assert.Equal(["hold dev part"], _announcer.Calls);
        Assert.True(offered.IsBacked(part));
        Assert.Equal(2, _registry.NameCount);
    }

    [Fact]
    public void A_whole_file_takes_the_place_of_a_part_and_a_part_never_that_of_a_file()
    {
        using var part = OpenPart("part.bin", _file.Content);
        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));
        var whole = new SharedContent(_file, Clock);

        Assert.Same(offered, _registry.Offer(whole, new OfferedName(TestIds.Group("ops"), Name, IsReceived: true)));
        Assert.Same(offered, _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true)));

        Assert.True(offered.IsBacked(whole));
        Assert.Equal(_bytes[..10], Read(offered, 10));
        // The end of the download does not withdraw the file.
        Downloads.Withdraw(offered, part, TestIds.Group("dev"));
        Assert.NotNull(Find("dev"));
    }

    [Fact]
    public void A_part_whose_download_ended_is_withdrawn()
    {
        using var part = OpenPart("part.bin", _file.Content);
        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));

        Downloads.Withdraw(offered, part, TestIds.Group("dev"));

        Assert.Null(Find("dev"));
        Assert.Equal(["hold dev part", "withdraw dev"], _announcer.Calls);
        Assert.Equal(0, _registry.NameCount);
        // A second offer is another content: nothing remembers the first.
        Assert.NotSame(offered, _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true)));
    }

    [Fact]
    public async Task A_finished_part_is_offered_from_its_destination_in_all_its_groups()
    {
        var destination = Path.Combine(_folder.Path, "received.bin");
        var part = CompletePart(destination);
        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));
        _registry.Offer(part, new OfferedName(TestIds.Group("ops"), "other.bin", IsReceived: true));

        Downloads.Finish(offered, part, destination, overwrite: false);

        Assert.Equal(_bytes, await File.ReadAllBytesAsync(destination));
        Assert.False(offered.IsBacked(part));
        Assert.Equal(_bytes[..10], Read(offered, 10));
        await _state.Database.FlushAsync();
        Assert.Equal(
            [("dev", Name, true, destination), ("ops", "other.bin", true, destination)],
            _store.GetAll().Select(share => (share.Group.Name, share.Name, share.Received, share.File.Path)).Order());
        Assert.Contains("hold dev complete", _announcer.Calls);
        Assert.Contains("hold ops complete", _announcer.Calls);
    }

    [Fact]
    public async Task An_earlier_version_is_offered_and_not_kept_for_the_next_peer_server()
    {
        _registry.Adopt(await SharedFile.MakeAsync(_folder, "current.bin", SharedFile.Bytes(300_000)), TestIds.Group("dev"), Name);
        var destination = Path.Combine(_folder.Path, "earlier.bin");
        var part = CompletePart(destination);
        var offered = Downloads.Offer(part, TestIds.Group("dev"), Name, isEarlier: true);
        Downloads.Finish(offered, part, destination, overwrite: false);
        var small = await SharedFile.MakeAsync(_folder, "small.bin", SharedFile.Bytes(10));
        Downloads.Add([new ShareStore.Share(TestIds.Group("dev"), Name, Received: true, small) { IsEarlier = true }]);

        Assert.True(offered.IsOfferedIn(TestIds.Of("dev")));
        Assert.Equal(3, _registry.NameCount);
        await _state.Database.FlushAsync();
        Assert.EndsWith("current.bin", Assert.Single(_store.GetAll()).File.Path, StringComparison.Ordinal);
        // Nor does the end of its time end the share of what has the name.
        _registry.RemoveRejected([new Announcement(TestIds.Of("dev"), offered.PiecesRoot, true), new Announcement(TestIds.Of("dev"), small.Content.PiecesRoot!.Value, true)]);
        await _state.Database.FlushAsync();
        Assert.Equal(1, _registry.NameCount);
        Assert.Single(_store.GetAll());
    }

    [Fact]
    public void A_part_that_is_not_offered_itself_is_finished_all_the_same()
    {
        var destination = Path.Combine(_folder.Path, "received.bin");
        var part = CompletePart(destination);
        var whole = new SharedContent(_file, Clock);
        var offered = _registry.Offer(whole, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));
        Assert.Same(offered, _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true)));

        Downloads.Finish(offered, part, destination, overwrite: false);

        Assert.True(File.Exists(destination));
        Assert.True(offered.IsBacked(whole));
    }

    [Fact]
    public void An_existing_destination_stays_and_the_part_is_still_offered()
    {
        var destination = Path.Combine(_folder.Path, "received.bin");
        using var part = CompletePart(destination);
        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));
        File.WriteAllText(destination, "mine");

        var error = Assert.Throws<P2PShareException>(() => Downloads.Finish(offered, part, destination, overwrite: false));

        Assert.Equal(ErrorCode.DestinationExists, error.Code);
        Assert.Equal("mine", File.ReadAllText(destination));
        Assert.True(offered.IsBacked(part));
    }

    [Fact]
    public async Task A_rejection_of_what_this_user_is_withdrawing_is_not_a_warning()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        _onStop = () => _registry.RemoveRejected([new Announcement(TestIds.Of("dev"), Root, Complete: true)]);

        await _registry.WithdrawAsync("DEV", [Name], CancellationToken.None);

        Assert.Empty(Log);
        Assert.Null(Find("dev"));
        await _state.Database.FlushAsync();
        Assert.Empty(_store.GetAll());
    }

    [Fact]
    public async Task A_rejected_announcement_withdraws_the_file_and_warns()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);

        _registry.RemoveRejected([new Announcement(TestIds.Of("ops"), Root, Complete: true)]);
        Assert.Empty(Log);
        _registry.RemoveRejected([new Announcement(TestIds.Of("dev"), Root, Complete: true)]);

        Assert.Null(Find("dev"));
        Assert.Contains("'data.bin'", Assert.Single(Log), StringComparison.Ordinal);
        Assert.Contains("'Dev'", Log.First(), StringComparison.Ordinal);
        Assert.Equal(["hold dev complete", "flush", "withdraw dev"], _announcer.Calls);
    }

    [Fact]
    public async Task A_group_that_was_lost_is_one_warning()
    {
        var others = new List<Announcement>();
        for (var i = 0; i < 5; i++)
        {
            var file = await SharedFile.MakeAsync(_folder, $"{i}.bin", SharedFile.Bytes(1000 + i));
            await _registry.ShareAsync(file, "dev", $"{i}.bin", replace: false, CancellationToken.None);
            others.Add(new Announcement(TestIds.Of("dev"), file.Content.PiecesRoot!.Value, Complete: true));
        }

        _registry.RemoveRejected(others);

        Assert.Contains("'0.bin', '1.bin', '2.bin' and 2 more", Assert.Single(Log), StringComparison.Ordinal);
        Assert.Equal(0, _registry.NameCount);
    }

    [Fact]
    public async Task A_group_that_the_user_leaves_is_no_warning_and_nothing_is_offered_there()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        await _registry.ShareAsync(_file, "ops", Name, replace: false, CancellationToken.None);

        await _registry.LeaveAsync("DEV", () =>
        {
            _registry.RemoveRejected([new Announcement(TestIds.Of("dev"), Root, Complete: true)]);
            return Task.CompletedTask;
        });

        Assert.Empty(Log);
        Assert.Null(Find("dev"));
        Assert.NotNull(Find("ops"));
        await _state.Database.FlushAsync();
        Assert.Equal("ops", Assert.Single(_store.GetAll()).Group.Name);
        await Assert.ThrowsAsync<P2PShareException>(() => _registry.LeaveAsync("ops", () => throw new P2PShareException(ErrorCode.OwnerCannotLeave, "No.")));
        Assert.NotNull(Find("ops"));
    }

    [Fact]
    public async Task A_received_file_whose_announcement_is_rejected_is_withdrawn_without_a_warning()
    {
        _registry.Adopt(_file, TestIds.Group("dev"), Name);

        _registry.RemoveRejected([new Announcement(TestIds.Of("dev"), Root, Complete: true)]);

        Assert.Null(Find("dev"));
        Assert.Empty(Log);
        await _state.Database.FlushAsync();
        Assert.Empty(_store.GetAll());
    }

    [Fact]
    public async Task A_file_that_is_overwritten_by_another_content_is_withdrawn_and_a_received_one_without_a_warning()
    {
        _registry.Adopt(_file, TestIds.Group("dev"), Name);
        var changed = await SharedFile.MakeAsync(_folder, Name, SharedFile.Bytes(150_000));
        await _registry.ShareAsync(changed, "dev", "other.bin", replace: false, CancellationToken.None);

        Assert.Empty(Log);
        Assert.Equal(1, _registry.NameCount);
        await _state.Database.FlushAsync();
        Assert.Equal("other.bin", Assert.Single(_store.GetAll()).Name);

        _registry.Adopt(await SharedFile.MakeAsync(_folder, Name, SharedFile.Bytes(100_000)), TestIds.Group("dev"), Name);

        Assert.Equal(1, _registry.NameCount);
        Assert.Contains("'other.bin'", Assert.Single(Log), StringComparison.Ordinal);
        await _state.Database.FlushAsync();
        Assert.Equal(Name, Assert.Single(_store.GetAll()).Name);
    }

    [Fact]
    public async Task A_file_with_the_same_bytes_as_one_that_is_overwritten_stays_shared()
    {
        var copy = await SharedFile.MakeAsync(_folder, "copy.bin", _bytes);
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        await _registry.ShareAsync(copy, "ops", "copy.bin", replace: false, CancellationToken.None);
        var changed = await SharedFile.MakeAsync(_folder, "copy.bin", SharedFile.Bytes(150_000));
        await _registry.ShareAsync(changed, "ops", "copy.bin", replace: true, CancellationToken.None);

        Assert.Empty(Log);
        Assert.Equal(_bytes[..100], Read(Find("dev")!, 100));
        Assert.Null(Find("ops"));
        Assert.Equal(2, _registry.NameCount);
        await _state.Database.FlushAsync();
        Assert.Equal([Name, "copy.bin"], _store.GetAll().Select(share => share.Name).Order(StringComparer.Ordinal).Reverse());
    }

    [Fact]
    public async Task A_file_with_the_same_bytes_as_one_that_cannot_be_read_is_offered_in_its_place_until_it_cannot_either()
    {
        var copy = await SharedFile.MakeAsync(_folder, "copy.bin", _bytes);
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        await _registry.ShareAsync(copy, "ops", "copy.bin", replace: false, CancellationToken.None);
        var problem = new P2PShareException(ErrorCode.PathNotFound, "It is gone.");
        File.Delete(copy.Path);

        ((IContentLookup)_registry).ReportUnreadable(Find("ops")!, problem);

        Assert.Equal("'copy.bin' is not offered to group 'ops' any more: It is gone.", Assert.Single(Log));
        Assert.Equal(_bytes[..100], Read(Find("dev")!, 100));
        Assert.Null(Find("ops"));

        File.Delete(_file.Path);
        ((IContentLookup)_registry).ReportUnreadable(Find("dev")!, problem);

        Assert.Equal((0, 2), (_registry.NameCount, Log.Count));
        File.WriteAllBytes(_file.Path, _bytes);
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        Assert.NotNull(Find("dev"));
    }

    [Fact]
    public async Task A_name_that_is_shared_again_with_another_content_keeps_its_share()
    {
        await _registry.ShareAsync(_file, "dev", Name, replace: false, CancellationToken.None);
        var changed = await SharedFile.MakeAsync(_folder, Name, SharedFile.Bytes(150_000));
        await _registry.ShareAsync(changed, "dev", Name, replace: true, CancellationToken.None);

        Assert.Empty(Log);
        Assert.Equal(1, _registry.NameCount);
        await _state.Database.FlushAsync();
        Assert.Equal(150_000, Assert.Single(_store.GetAll()).File.Content.Size);
    }

    [Fact]
    public void An_unreadable_file_is_withdrawn_from_all_groups_and_its_names_are_reported()
    {
        _registry.Adopt(_file, TestIds.Group("dev"), Name);
        _registry.Adopt(_file, TestIds.Group("ops"), "other.bin");
        var problem = new P2PShareException(ErrorCode.SourceFileChanged, "It changed.");

        ((IContentLookup)_registry).ReportUnreadable(Find("dev")!, problem);

        Assert.Null(Find("dev"));
        Assert.Null(Find("ops"));
        var warning = Assert.Single(Log);
        Assert.Contains("'data.bin' is not offered to group 'dev' any more", warning, StringComparison.Ordinal);
        Assert.Contains("'other.bin' is not offered to group 'ops' any more", warning, StringComparison.Ordinal);
        Assert.EndsWith(": It changed.", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_was_just_closed_is_withdrawn_without_a_warning()
    {
        using var part = OpenPart("part.bin", _file.Content);
        var offered = _registry.Offer(part, new OfferedName(TestIds.Group("dev"), Name, IsReceived: true));

        _registry.ReportUnreadable(offered, new ObjectDisposedException("part"));

        Assert.Empty(Log);
        Assert.Null(Find("dev"));
    }

    [Fact]
    public async Task Waiting_for_announces_waits_for_the_announcer()
    {
        await Downloads.FlushAnnouncesAsync(CancellationToken.None);

        Assert.Equal(["flush"], _announcer.Calls);
    }

    private static byte[] Read(IServedContent content, int count)
    {
        var buffer = new byte[count];
        content.Read(0, buffer);
        return buffer;
    }

    private ContentRegistry NewRegistry() => new(
        _announcer,
        _store,
        (group, request, _) =>
        {
            _shared.Add(request);
            return Task.FromResult(new FileResponse(TestIds.Of(group), group == "dev" ? "Dev" : group, request.Name, request.Size, request.PieceLength, request.PiecesRoot, "alice", 0, Clock.GetUtcNow()));
        },
        new SentenceLogger(LogLevel.Warning, Log.Enqueue),
        Clock,
        _removed.Enqueue);

    private async Task<ContentRegistry> RestartAsync()
    {
        await _state.Database.FlushAsync();
        var restarted = NewRegistry();
        await restarted.RestoreAsync();
        await restarted.Restoring;
        await _state.Database.FlushAsync();
        return restarted;
    }

    private IServedContent? Find(string group) => ((IContentLookup)_registry).Find(Root, TestIds.Of(group));

    private ContentChannel Open(PeerConnection connection, uint id, string group)
    {
        var channel = new ContentChannel(connection, Context, id, Find(group)!, TestIds.Group(group), TicketFor(Find(group)!));
        connection.Add(channel);
        return channel;
    }

    private PartFile OpenPart(string name, ContentDescription content) => PartFile.Open(Path.Combine(_folder.Path, name), content);

    private PartFile CompletePart(string destination)
    {
        var part = PartFile.Open(destination, _file.Content);
        part.SetPieceLayer([.. _file.PieceLayer]);
        for (var piece = 0; piece < _file.Content.PieceCount; piece++)
        {
            part.WritePiece(piece, _bytes.AsSpan(piece * _file.Content.PieceLength, _file.Content.PieceSize(piece)));
        }

        return part;
    }

    private sealed class FakeAnnouncer : IAnnouncer
    {
        public ConcurrentQueue<string> Calls { get; } = [];

        public void Hold(Guid group, Hash256 root, bool isComplete) => Calls.Enqueue($"hold {NameOf(group)} {(isComplete ? "complete" : "part")}");

        public void Withdraw(Guid group, Hash256 root) => Calls.Enqueue($"withdraw {NameOf(group)}");

        public Task FlushAsync(CancellationToken cancellationToken)
        {
            Calls.Enqueue("flush");
            return Task.CompletedTask;
        }

        private static string NameOf(Guid group) => group == TestIds.Of("dev") ? "dev" : group == TestIds.Of("ops") ? "ops" : throw new ArgumentException("No group of the test.");
    }
}
