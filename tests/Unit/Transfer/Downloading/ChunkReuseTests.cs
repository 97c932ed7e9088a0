using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Whole sessions of downloads that find bytes at other offsets of local files, with peers, tracker and part file in memory.</summary>
public sealed class ChunkReuseTests : IDisposable
{
    private const int Block = PieceLength.Block;
    private const int Size = 8 * MiB + 5000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly TestContent _content = Make(Size, 1 * MiB);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bytes_that_moved_in_the_file_that_is_replaced_are_not_fetched()
    {
        // What is replaced lacks 3,000 bytes: all behind them is at another offset.
        byte[] old = [.. _content.Bytes.AsSpan(0, 2 * MiB), .. _content.Bytes.AsSpan(2 * MiB + 3000)];
        var swarm = Swarm(Replace(old), new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes) });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.InRange(session.Progress.BytesFetched, 3000, 12 * Block);
        Assert.Equal(Size, session.Progress.BytesFetched + session.Progress.BytesReused);
    }

    [Fact]
    public async Task Without_a_map_they_are()
    {
        byte[] old = [.. _content.Bytes.AsSpan(0, 2 * MiB), .. _content.Bytes.AsSpan(2 * MiB + 3000)];
        var swarm = Swarm(Replace(old), new SwarmPeer(_content, 1));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(Size - 2 * MiB, session.Progress.BytesFetched);
    }

    [Fact]
    public async Task Files_that_were_named_are_searched()
    {
        var named = Write("named", _content.Bytes[(5 * MiB)..]);
        var swarm = Swarm(New() with { ReuseFrom = [named] }, new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes) });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.InRange(session.Progress.BytesFetched, 5 * MiB, 5 * MiB + 8 * Block);
    }

    [Fact]
    public async Task The_file_that_is_replaced_gives_what_is_at_the_same_offset_and_others_the_rest()
    {
        // Chunks around each change are not found, but the blocks beside it are.
        var old = _content.Bytes.ToArray();
        for (var block = 0; block < Size / Block; block += 8)
        {
            old[block * Block] ^= 1;
        }

        var swarm = Swarm(Replace(old) with { ReuseFrom = [Write("named", _content.Bytes[..(4 * MiB)])] }, new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes) });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        // One block in eight of the second half.
        Assert.InRange(session.Progress.BytesFetched, 4 * MiB / 8, 4 * MiB / 8 + 8 * Block);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 9)]
    public async Task Pieces_share_the_storage_of_the_file_that_has_them_unless_bytes_of_their_own_would_be_lost(bool inPlace, int written)
    {
        var swarm = Swarm(New() with { ReuseFrom = [Write("named", _content.Bytes)], InPlace = inPlace }, new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes) });
        swarm.Part.Reflinking = _ => { };

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(written, swarm.Part.Written.Count);
        Assert.Equal((0, Size), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task Who_has_no_local_file_asks_for_no_map()
    {
        var swarm = Swarm(New(), new SwarmPeer(_content, 1) { SendsNoMap = true });

        var session = await swarm.RunAsync();

        Assert.Equal((Size, 0), (session.Progress.BytesFetched, session.Progress.BytesReused));
    }

    [Fact]
    public async Task Another_source_is_asked_for_the_map_where_one_has_none_or_a_wrong_one()
    {
        var map = MakeMap(_content.Bytes);
        var ofOther = MakeMap(Make(4 * MiB, 1 * MiB).Bytes);
        var swarm = Swarm(
            Replace(_content.Bytes[1000..]),
            new SwarmPeer(_content, 1), new SwarmPeer(_content, 2) { Map = ofOther }, new SwarmPeer(_content, 3) { Map = map[..^ChunkMap.EntryLength] },
            new SwarmPeer(_content, 4) { Map = new byte[map.Length] }, new SwarmPeer(_content, 5) { Map = map });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.InRange(session.Progress.BytesFetched, 1000, 8 * Block);
        // They are as good as others for all else.
        Assert.DoesNotContain(swarm.Log, line => line.StartsWith("The peer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_that_does_not_answer_delays_the_download_for_seconds()
    {
        var peer = new SwarmPeer(_content, 1) { SendsNoMap = true };
        var swarm = Swarm(Replace([1, .. _content.Bytes]), peer);
        var running = swarm.RunAsync();
        await peer.MapRequested;
        var step = TimeSpan.FromMilliseconds(250);
        Assert.False(peer.Requested.IsCompleted);

        for (var waited = TimeSpan.Zero; waited <= ChunkMapFetch.AnswerTimeout; waited += step)
        {
            await _clock.StepAsync(step);
        }

        await running;
        Assert.Equal(_content.Bytes, swarm.Part.Finished);
    }

    [Fact]
    public async Task What_has_changed_in_place_is_fetched_while_files_are_searched_elsewhere()
    {
        // The first half has one other block in each piece, the second half is at another offset.
        byte[] old = [.. _content.Bytes.AsSpan(0, 4 * MiB), .. _content.Bytes.AsSpan(4 * MiB + 3000)];
        for (var piece = 0; piece < 4; piece++)
        {
            old[piece * MiB + 100] ^= 1;
        }

        var peer = new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes), SendsNoMap = true };
        var swarm = Swarm(Replace(old), peer);
        var running = swarm.RunAsync();

        // No time passes: the map is still awaited.
        await peer.Requested;
        Assert.False(running.IsCompleted);

        for (var waited = TimeSpan.Zero; waited <= ChunkMapFetch.AnswerTimeout; waited += TimeSpan.FromMilliseconds(250))
        {
            await _clock.StepAsync(TimeSpan.FromMilliseconds(250));
        }

        var session = await running;
        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(4 * MiB + 5000 + 4 * Block, session.Progress.BytesFetched);
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(Size - MiB / 2, false)]
    public async Task A_map_is_kept_if_it_covered_enough(int missing, bool isKept)
    {
        var store = new ChunkMapStore(StateFolder.Open(_folder.Combine("state")), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System);
        var request = Replace(_content.Bytes[missing..]);
        var first = Swarm(request, new SwarmPeer(_content, 1) { Map = MakeMap(_content.Bytes) });
        first = new FakeSwarm(_content, _clock) { Request = request, Dependencies = first.Dependencies with { ChunkMaps = store } }.With([.. first.Peers]);

        await first.RunAsync();

        Assert.Equal(isKept, store.Has(_content.Description.PiecesRoot!.Value));
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Whatever_a_map_says_the_result_has_the_root_and_nobody_is_banned(int seed)
    {
        var random = new Random(seed);
        var old = Shuffle(_content.Bytes, random);
        var swarm = Swarm(Replace(old), new SwarmPeer(_content, 1) { Map = Lie(MakeMap(_content.Bytes), old, random) }, new SwarmPeer(_content, 2));

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.InRange(session.Progress.BytesFetched, 0, Size + 2 * MiB);
        Assert.DoesNotContain(swarm.Log, line => line.StartsWith("The peer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_local_file_that_changes_while_it_is_reused_does_no_harm()
    {
        var hasChanged = 0;
        var old = Replace(_content.Bytes[1000..]);
        var swarm = Swarm(old, new SwarmPeer(_content, 1)
        {
            Map = MakeMap(_content.Bytes),
            SendingTree = () =>
            {
                if (Interlocked.Exchange(ref hasChanged, 1) == 0)
                {
                    using var file = File.OpenHandle(Destination, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                    RandomAccess.SetLength(file, 100);
                }
            },
        });

        var session = await swarm.RunAsync();

        Assert.Equal(_content.Bytes, swarm.Part.Finished);
        Assert.Equal(1, hasChanged);
        Assert.InRange(session.Progress.BytesFetched, 1000, Size + MiB);
        Assert.DoesNotContain(swarm.Log, line => line.StartsWith("The peer", StringComparison.Ordinal));
    }

    private string Destination => _folder.Combine("data.bin");

    // Stretches of it in another order, some left out, with others between them.
    private static byte[] Shuffle(byte[] bytes, Random random)
    {
        var stretches = bytes.Chunk(random.Next(100_000, 2_000_000)).Where(_ => random.Next(4) > 0).ToArray();
        random.Shuffle(stretches);
        return [.. stretches.SelectMany(stretch => random.Next(3) == 0 ? [.. stretch, .. new byte[random.Next(40_000)]] : stretch)];
    }

    // Swaps hashes, says that chunks of the old file are in it, or moves lengths from one chunk to the next.
    private static byte[] Lie(byte[] map, byte[] old, Random random)
    {
        var count = (map.Length - ChunkMap.HeaderLength) / ChunkMap.EntryLength;
        for (var lie = 0; lie < count; lie++)
        {
            var at = ChunkMap.HeaderLength + random.Next(count - 2) * ChunkMap.EntryLength;
            switch (random.Next(6))
            {
                case 0:
                    map.AsSpan(ChunkMap.HeaderLength + random.Next(count) * ChunkMap.EntryLength + 2, ChunkMap.HashLength).CopyTo(map.AsSpan(at + 2));
                    break;
                case 1:
                    var length = (map[at] << 8) + map[at + 1] + 1;
                    var begin = random.Next(old.Length - length);
                    Convert.FromHexString(FileChunks.HashOf(old.AsSpan(begin, length)).ToString("x32", null)).CopyTo(map.AsSpan(at + 2));
                    break;
                case 2 when map[at] is > 32 and < 200 && map[at + ChunkMap.EntryLength] is > 32 and < 200:
                    map[at]++;
                    map[at + ChunkMap.EntryLength]--;
                    break;
                default:
                    break;
            }
        }

        return map;
    }

    private byte[] MakeMap(byte[] bytes) => (bytes.Length == Size ? _content : Make(bytes.Length, 1 * MiB)).MakeMap();

    private FakeSwarm Swarm(DownloadRequest request, params SwarmPeer[] peers) => new FakeSwarm(_content, _clock) { Request = request }.With(peers);

    private DownloadRequest New() => new(TestIds.Group("dev"), "data.bin", _content.Description, Destination, Overwrite: false);

    private DownloadRequest Replace(byte[] old)
    {
        File.WriteAllBytes(Destination, old);
        return New() with { Overwrite = true };
    }

    private ReuseFile Write(string name, byte[] content)
    {
        File.WriteAllBytes(_folder.Combine(name), content);
        return new ReuseFile(_folder.Combine(name));
    }
}
