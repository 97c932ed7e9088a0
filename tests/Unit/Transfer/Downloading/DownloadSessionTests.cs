using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Whole sessions of a download, with peers, tracker and disk in memory. Where nothing is said, the clock stands still.</summary>
public sealed class DownloadSessionTests
{
    private readonly TestContent _content = Make(20 * 64 * KiB + 100, 64 * KiB);
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task It_completes_from_several_sources()
    {
        var swarm = Swarm(Peer(1), Peer(2), Peer(3));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(["offer data.bin in dev", "finish", "withdraw in dev"], swarm.Contents.Log);
        Assert.False(swarm.Part.IsOpen);
        Assert.Equal((_content.Bytes.Length, _content.Bytes.Length), (session.Progress.BytesVerified, session.Progress.BytesTotal));
        Assert.Equal((21, 21), (session.Progress.PiecesVerified, session.Progress.PieceCount));
        Assert.All(swarm.Peers, peer => Assert.Equal(CloseReason.Done, peer.ClosedFor));
    }

    [Fact]
    public async Task Sources_that_have_parts_of_it_complete_it_together()
    {
        var swarm = Swarm(
            new SwarmPeer(_content, 1) { Has = _content.Having([.. Enumerable.Range(0, 11)]) },
            new SwarmPeer(_content, 2) { Has = _content.Having([.. Enumerable.Range(10, 11)]) });

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.All(swarm.Peers, peer => Assert.InRange(peer.Requests, 10, 11));
    }

    [Fact]
    public async Task A_single_piece_needs_no_piece_layer()
    {
        var content = Make(40_000, 64 * KiB);
        var swarm = new FakeSwarm(content, _clock).With(new SwarmPeer(content, 1) { RejectsLayer = true });

        await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
    }

    [Fact]
    public async Task An_empty_file_needs_no_peer()
    {
        var swarm = new FakeSwarm(Make(0, 64 * KiB), _clock);

        await swarm.RunAsync();

        Assert.Empty(Assert.IsType<byte[]>(swarm.Part.Finished));
        Assert.Equal(0, swarm.LookUps);
        Assert.Empty(swarm.Contents.Log);
    }

    [Fact]
    public async Task A_cancelled_one_is_continued_and_fetches_only_what_was_missing()
    {
        using var cancelling = new CancellationTokenSource();
        var blocks = 0;
        var swarm = Swarm(new SwarmPeer(_content, 1)
        {
            SilentAfter = 6,
            SendingBlock = () =>
            {
                if (++blocks == 6)
                {
                    cancelling.Cancel();
                }
            },
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => swarm.RunAsync(cancelling.Token));
        Assert.False(swarm.Part.IsOpen);
        Assert.Equal(["offer data.bin in dev", "withdraw in dev"], swarm.Contents.Log);
        await swarm.Part.Open().RestoreAsync(CancellationToken.None);
        var verified = swarm.Part.GetHave().Count;
        swarm.Part.Dispose();
        Assert.InRange(verified, 5, 6);

        swarm.Peers.Clear();
        await swarm.With(Peer(2)).RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(21 - verified, swarm.Peers[0].Requests);
    }

    [Fact]
    public async Task Without_a_source_it_fails_after_the_timeout()
    {
        var clock = new PauseClock();
        var started = clock.GetUtcNow();
        var swarm = new FakeSwarm(_content, clock);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Equal(
            "'data.bin' of group 'dev' could not be fetched. No peer that has it is online. What was verified is kept: run the same command again when one is.",
            error.Message);
        Assert.InRange(clock.GetUtcNow() - started, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(31));
        // At 0, 0.5 and 1.5 seconds, then every 2 seconds.
        Assert.InRange(swarm.LookUps, 15, 18);
        Assert.False(swarm.Part.IsOpen);
    }

    [Fact]
    public async Task Sources_without_what_is_missing_do_not_keep_it_waiting()
    {
        var swarm = new FakeSwarm(_content, new PauseClock()).With(new SwarmPeer(_content, 1) { Has = _content.None });

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Contains("None of the 1 peers that the tracker knows could give what is missing.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_does_not_send_is_dropped_and_named_in_the_error()
    {
        var swarm = new FakeSwarm(_content, new PauseClock()).With(new SwarmPeer(_content, 1) { IsSilent = true });

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.True(swarm.Peers[0].IsClosed);
        Assert.Contains("The last problem: ", error.Message, StringComparison.Ordinal);
        Assert.InRange(swarm.Part.Records, 5, 20);
    }

    [Fact]
    public async Task A_source_that_sends_wrong_blocks_is_banned_and_another_completes_it()
    {
        var swarm = Swarm(new SwarmPeer(_content, 1) { SendsWrongBlocks = true }, Peer(2));

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(CloseReason.Done, swarm.Peers[0].ClosedFor);
        Assert.InRange(swarm.Peers[1].Requests, 21, 42);
    }

    [Fact]
    public async Task A_wrong_piece_layer_bans_its_sender_and_another_completes_it()
    {
        var swarm = Swarm(new SwarmPeer(_content, 1) { SendsWrongLayer = true }, Peer(2));

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
    }

    [Fact]
    public async Task A_source_without_the_piece_layer_is_used_once_another_has_sent_it()
    {
        var swarm = Swarm(
            new SwarmPeer(_content, 1) { RejectsLayer = true, Has = _content.Having(0, 1, 2) },
            new SwarmPeer(_content, 2) { Has = _content.Having([.. Enumerable.Range(3, 18)]) });

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal([3, 18], swarm.Peers.Select(peer => peer.Requests));
    }

    [Fact]
    public async Task A_source_that_is_lost_in_the_middle_of_a_block_is_replaced()
    {
        var swarm = Swarm(new SwarmPeer(_content, 1) { BreaksAfter = 3 }, Peer(2));

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
    }

    [Fact]
    public async Task A_source_that_rejects_what_it_announced_is_not_asked_twice()
    {
        var swarm = Swarm(new SwarmPeer(_content, 1) { RejectsBlocks = true }, Peer(2));

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.InRange(swarm.Peers[0].Requests, 0, 21);
    }

    [Fact]
    public async Task A_lost_source_is_tried_again_after_its_back_off()
    {
        var clock = new PauseClock();
        var swarm = new FakeSwarm(_content, clock);
        // It can be connected to again as soon as it breaks: the clock does not wait for this test.
        swarm.With(new SwarmPeer(_content, 1) { BreaksAfter = 3, SendingBlock = () => swarm.Peers[0] = Peer(1) });

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
    }

    [Fact]
    public async Task A_disk_error_ends_it_and_keeps_what_was_verified()
    {
        var swarm = Swarm(Peer(1));
        var blocks = 0;
        swarm.Peers[0] = new SwarmPeer(_content, 1)
        {
            SendingBlock = () => swarm.Part.WriteError = ++blocks < 4 ? null : new P2PShareException(ErrorCode.DiskFull, "There is no space left."),
        };

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.False(swarm.Part.IsOpen);
        await swarm.Part.Open().RestoreAsync(CancellationToken.None);
        Assert.Equal(3, swarm.Part.GetHave().Count);
    }

    [Fact]
    public async Task The_refusal_of_the_tracker_ends_it_if_there_is_no_source()
    {
        var swarm = Swarm();
        swarm.TrackerError = new P2PShareException(ErrorCode.NotMember, "You are not a member of the group.");

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.NotMember, error.Code);
        Assert.Equal(1, swarm.LookUps);
    }

    [Fact]
    public async Task A_tracker_that_is_unavailable_is_asked_again()
    {
        var swarm = new FakeSwarm(_content, new PauseClock())
        {
            TrackerError = new P2PShareException(ErrorCode.TrackerUnreachable, "The tracker is unavailable."),
        };

        var error = await Assert.ThrowsAsync<P2PShareException>(() => swarm.RunAsync());

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.Contains("The last problem: The tracker is unavailable. ", error.Message, StringComparison.Ordinal);
        Assert.InRange(swarm.LookUps, 15, 18);
    }

    [Fact]
    public async Task Unrecorded_bytes_are_verified_once_the_piece_layer_is_known()
    {
        var swarm = Swarm(Peer(1));
        foreach (var piece in Enumerable.Range(0, 20))
        {
            swarm.Part.PutUnrecorded(piece, _content.GetBlocks(piece, 0, 64 * KiB));
        }

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(1, swarm.Peers[0].Requests);
    }

    [Fact]
    public async Task A_part_that_was_whole_but_not_recorded_needs_the_piece_layer_only()
    {
        var swarm = Swarm(Peer(1));
        foreach (var piece in Enumerable.Range(0, 21))
        {
            swarm.Part.PutUnrecorded(piece, _content.GetBlocks(piece, 0, _content.Description.PieceSize(piece)));
        }

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(0, swarm.Peers[0].Requests);
    }

    [Fact]
    public async Task A_content_that_is_offered_here_already_is_copied()
    {
        var swarm = new FakeSwarm(_content, _clock, new FakeContents(_clock) { Offered = MakeWhole() });

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(0, swarm.LookUps);
    }

    [Fact]
    public async Task A_content_offered_here_that_has_changed_is_reported_and_the_rest_is_fetched()
    {
        var changed = MakeWhole();
        changed.ReadsLeft = 5;
        var swarm = new FakeSwarm(_content, _clock, new FakeContents(_clock) { Offered = changed }).With(Peer(1));

        await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(16, swarm.Peers[0].Requests);
        Assert.Equal(["offer data.bin in dev", "unreadable: It has changed.", "finish", "withdraw in dev"], swarm.Contents.Log);
    }

    [Fact]
    public async Task An_existing_file_is_left_alone_and_the_part_is_not_opened()
    {
        var swarm = Swarm(Peer(1));
        var request = swarm.Request with { Destination = typeof(DownloadSessionTests).Assembly.Location };

        var error = await Assert.ThrowsAsync<P2PShareException>(() => DownloadSession.OpenAsync(
            swarm.Dependencies, request, new(_clock), new DownloadMeters(_clock), _ => { }, CancellationToken.None));

        Assert.Equal(ErrorCode.DestinationExists, error.Code);
        Assert.False(swarm.Part.IsOpen);
    }

    private SwarmPeer Peer(int number) => new(_content, number);

    private FakeSwarm Swarm(params SwarmPeer[] peers) => new FakeSwarm(_content, _clock).With(peers);

    private MemoryPart MakeWhole()
    {
        var whole = new MemoryPart(_content.Description).Open();
        whole.SetPieceLayer(_content.Layer);
        for (var piece = 0; piece < _content.Description.PieceCount; piece++)
        {
            whole.WritePiece(piece, _content.GetBlocks(piece, 0, _content.Description.PieceSize(piece)));
        }

        return whole;
    }
}
