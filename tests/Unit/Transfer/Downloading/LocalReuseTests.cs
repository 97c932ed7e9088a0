using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Whole sessions of downloads that replace a file, with peers, tracker and part file in memory.</summary>
public sealed class LocalReuseTests : IDisposable
{
    private const int Block = PieceLength.Block;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = Make(8 * MiB + 5000, 1 * MiB);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_the_blocks_that_changed_are_fetched()
    {
        int[] changed = [0, 1, 70, 200, 511];
        var swarm = Replace(Changed(changed), Peer(1));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(changed.Length * Block, swarm.Peers[0].BytesSent);
        var progress = session.Progress;
        Assert.Equal((changed.Length * Block, _content.Bytes.Length - changed.Length * Block, 0), (progress.BytesFetched, progress.BytesReused, progress.BytesZero));
        Assert.Equal(_content.Bytes.Length, progress.BytesVerified);
    }

    [Fact]
    public async Task Of_an_equal_file_nothing_is_fetched()
    {
        var swarm = Replace(_content.Bytes, Peer(1));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal((0, 0), (swarm.Peers[0].Requests, swarm.Peers[0].TreeRequests));
        Assert.Equal((0, _content.Bytes.Length), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task Equal_pieces_share_the_storage_of_the_old_file_where_the_file_system_can()
    {
        var swarm = Replace(Changed(70), Peer(1));
        swarm.Part.Reflinking = _ => { };

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal([1], swarm.Part.Written.Order());
        Assert.Equal((Block, _content.Bytes.Length - Block), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task A_file_that_changes_before_a_piece_shares_its_storage_does_no_harm()
    {
        var swarm = Replace(_content.Bytes, Peer(1));
        swarm.Part.Reflinking = piece =>
        {
            if (piece == 3)
            {
                using var file = File.OpenHandle(Destination, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                RandomAccess.Write(file, new byte[100], 3 * MiB + 5 * Block);
            }
        };

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal([3], swarm.Part.Written.Order());
        Assert.Equal(Block, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task Of_a_file_with_nothing_equal_all_is_fetched_once()
    {
        var swarm = Replace([.. Enumerable.Repeat((byte)7, _content.Bytes.Length)], Peer(1), Peer(2));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal((_content.Bytes.Length, 0), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Theory]
    [InlineData(3 * MiB + 100, 3 * MiB)]
    [InlineData(3 * MiB + (10 * Block) + 100, 3 * MiB + (10 * Block))]
    [InlineData(8 * MiB + 4999, 8 * MiB)]
    [InlineData(20_000, Block)]
    [InlineData(Block - 1, 0)]
    [InlineData(0, 0)]
    public async Task Of_a_shorter_file_the_whole_blocks_are_taken(int length, int reused)
    {
        var swarm = Replace(_content.Bytes[..length], Peer(1));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal((_content.Bytes.Length - reused, reused), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task Of_a_longer_file_what_is_at_the_same_place_is_taken()
    {
        var swarm = Replace([.. Changed(512), 1, 2, 3], Peer(1));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        // The last block is a short one.
        Assert.Equal(5000, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task A_content_of_one_piece_is_walked_from_its_root()
    {
        var content = Make(200_000, 1 * MiB);
        var old = content.Bytes.ToArray();
        old[5 * Block] ^= 1;
        var swarm = Replace(old, content, new SwarmPeer(content, 1));

        var session = await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
        Assert.Equal(Block, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task A_file_that_changes_during_the_walk_does_no_harm_and_no_peer_is_banned()
    {
        var hasChanged = 0;
        var swarm = Replace(Changed(0, 70), new SwarmPeer(_content, 1)
        {
            SendingTree = () =>
            {
                if (Interlocked.Exchange(ref hasChanged, 1) == 0)
                {
                    using var file = File.OpenHandle(Destination, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                    RandomAccess.Write(file, new byte[100], 10 * Block);
                }
            },
        });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(1, hasChanged);
        // The first piece twice: its block, and then all of it.
        Assert.Equal(Block + Block + MiB, session.Progress.BytesFetched);
        Assert.DoesNotContain(swarm.Log, line => line.Contains("not used", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pieces_that_cannot_be_made_of_local_bytes_are_fetched_and_one_of_them_is_logged()
    {
        // What has changed is zeros now: no piece needs a peer.
        var bytes = _content.Bytes.ToArray();
        bytes.AsSpan(0, Block).Clear();
        bytes.AsSpan(MiB, Block).Clear();
        var content = new TestContent(bytes, 1 * MiB);
        var swarm = Replace(_content.Bytes, content, new SwarmPeer(content, 1));
        var failed = new HashSet<int>();
        swarm.Part.Writing = piece =>
        {
            lock (failed)
            {
                if (piece < 2 && failed.Add(piece))
                {
                    throw new InvalidOperationException("The disk has a mood.");
                }
            }
        };

        var session = await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
        Assert.Equal(2 * MiB, session.Progress.BytesFetched);
        var line = Assert.Single(swarm.Log, line => line.Contains("could not be made", StringComparison.Ordinal));
        Assert.EndsWith("The disk has a mood.", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_lies_about_a_tree_is_banned_and_another_one_asked()
    {
        var swarm = Replace(Changed(0, 70, 200), new SwarmPeer(_content, 1) { SendsWrongTrees = true, Has = _content.All }, Peer(2));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(3 * Block, session.Progress.BytesFetched);
        var banned = Assert.Single(swarm.Log, line => line.Contains("not used", StringComparison.Ordinal));
        Assert.Equal($"The peer {swarm.Peers[0].Fingerprint} is not used for 'data.bin' any more: it sent wrong hashes of a tree.", banned);
    }

    [Fact]
    public async Task Where_all_sources_refuse_trees_the_pieces_that_differ_are_fetched_whole()
    {
        var swarm = Replace(Changed(0, 70), new SwarmPeer(_content, 1) { RejectsTrees = true }, new SwarmPeer(_content, 2) { RejectsTrees = true });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(2 * MiB, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task Where_no_source_answers_a_tree_request_for_ten_seconds_the_piece_is_fetched_whole()
    {
        var swarm = Replace(Changed(0), new SwarmPeer(_content, 1) { SendsNoTrees = true });
        var running = swarm.RunAsync();
        await Eventually.HoldsAsync(() => swarm.Peers[0].TreeRequests > 0, "its tree is asked for");
        Assert.Equal(0, swarm.Peers[0].Requests);
        await Eventually.HoldsAsync(
            () =>
            {
                if (swarm.Peers[0].Requests == 0)
                {
                    _clock.Advance(TreeFetch.AnswerTimeout + TimeSpan.FromSeconds(1));
                }

                return swarm.Peers[0].Requests > 0;
            },
            "the piece is requested");

        var session = await running;

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(MiB, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task Where_the_disk_of_the_old_file_stops_answering_what_is_not_read_is_fetched()
    {
        HangingDisk? disk = null;
        var swarm = Replace(Changed(0, 70), new SwarmPeer(_content, 1)
        {
            SendingTree = () => disk ??= Hang(),
        });

        var session = await swarm.RunAsync();

        disk!.Dispose();
        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        // The piece whose tree was walked twice: its block, and then all of it.
        Assert.InRange(session.Progress.BytesFetched, 2 * MiB + Block, _content.Bytes.Length + (2 * Block));
    }

    [Fact]
    public async Task Hashing_waits_for_memory_that_other_downloads_use_and_fetching_does_not()
    {
        var memory = new LocalMemory(1 * MiB);
        var others = await memory.ReserveAsync(1 * MiB, CancellationToken.None);
        var swarm = Replace(_content.Bytes[..(4 * MiB)], Peer(1));
        swarm.Dependencies = swarm.Dependencies with { LocalMemory = memory };
        var session = await swarm.OpenAsync();
        var running = session.RunAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => session.Progress.BytesVerified == _content.Bytes.Length - (4 * MiB), "what the old file has not is fetched");
        Assert.Equal((0, false), (session.Progress.BytesReused, running.IsCompleted));

        others.Dispose();

        await running;
        Assert.Equal(4 * MiB, session.Progress.BytesReused);
        (await memory.ReserveAsync(1 * MiB, CancellationToken.None)).Dispose();
    }

    [LinuxFact]
    public async Task A_link_at_the_destination_is_not_followed()
    {
        var target = _folder.Combine("target");
        await File.WriteAllBytesAsync(target, _content.Bytes);
        var request = Request([], _content);
        File.Delete(Destination);
        File.CreateSymbolicLink(Destination, target);
        var swarm = new FakeSwarm(_content, _clock) { Request = request }.With(Peer(1));

        var session = await swarm.RunAsync();

        Assert.Equal((_content.Bytes.Length, 0), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task Zeros_in_a_piece_are_not_fetched_if_the_content_has_a_piece_of_zeros()
    {
        // Without an old file: every fourth block has bytes, and the last piece none.
        var content = Sparse(pieces: 40, pieceLength: 1 * MiB, (piece, block) => piece < 39 && block % 4 == 1);
        var swarm = new FakeSwarm(content, _clock).With(new SwarmPeer(content, 1));

        var session = await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
        Assert.Equal(39 * 16 * Block, session.Progress.BytesFetched);
        Assert.Equal(content.Bytes.Length - (39 * 16 * Block), session.Progress.BytesZero);
    }

    [Fact]
    public async Task Zeros_are_found_by_samples_where_no_piece_is_all_zeros()
    {
        var content = Sparse(pieces: 600, pieceLength: 64 * KiB, (_, block) => block == 2);
        var swarm = new FakeSwarm(content, _clock).With(new SwarmPeer(content, 1));

        var session = await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
        // What was requested before the samples came is fetched whole.
        Assert.InRange(session.Progress.BytesFetched, 600 * Block, 600 * Block + (3 * 40 * Block));
    }

    [Fact]
    public async Task Of_a_content_without_zeros_only_samples_are_walked()
    {
        var content = Make(600 * 64 * KiB, 64 * KiB);
        var swarm = new FakeSwarm(content, _clock).With(new SwarmPeer(content, 1));

        var session = await swarm.RunAsync();

        Assert.Equal((content.Bytes.Length, 4), (session.Progress.BytesFetched, swarm.Peers[0].TreeRequests));
    }

    [Fact]
    public async Task One_piece_of_zeros_in_a_content_without_others_does_not_make_each_piece_be_walked()
    {
        var content = Sparse(pieces: 1000, pieceLength: 64 * KiB, (piece, _) => piece != 7);
        var swarm = new FakeSwarm(content, _clock).With(new SwarmPeer(content, 1));

        await swarm.RunAsync();

        Assert.Equal(content.Bytes, swarm.Part.Finished);
        Assert.InRange(swarm.Peers[0].TreeRequests, 16, 16 + 256 + 125);
    }

    private string Destination => _folder.Combine("data.bin");

    private static TestContent Sparse(int pieces, int pieceLength, Func<int, int, bool> hasBytes)
    {
        var bytes = new byte[pieces * pieceLength];
        var random = new Random(1);
        var blocks = pieceLength / Block;
        for (var block = 0; block < pieces * blocks; block++)
        {
            if (hasBytes(block / blocks, block % blocks))
            {
                random.NextBytes(bytes.AsSpan(block * Block, Block));
            }
        }

        return new TestContent(bytes, pieceLength);
    }

    // By a clock of its own: the download's does not advance.
    private HangingDisk Hang() => HangingDisk.HangAsync(Destination, new FakeTimeProvider()).GetAwaiter().GetResult();

    private byte[] Changed(params int[] blocks)
    {
        var bytes = _content.Bytes.ToArray();
        foreach (var block in blocks)
        {
            bytes[block * Block] ^= 1;
        }

        return bytes;
    }

    private SwarmPeer Peer(int number) => new(_content, number);

    private FakeSwarm Replace(byte[] old, params SwarmPeer[] peers) => Replace(old, _content, peers);

    private FakeSwarm Replace(byte[] old, TestContent content, params SwarmPeer[] peers) =>
        new FakeSwarm(content, _clock) { Request = Request(old, content) }.With(peers);

    private DownloadRequest Request(byte[] old, TestContent content)
    {
        File.WriteAllBytes(Destination, old);
        return new DownloadRequest(TestIds.Group("dev"), "data.bin", content.Description, Destination, Overwrite: true);
    }
}
