using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Hashing;

public sealed class FastCdcTests
{
    /// <summary>The vector of docs/protocol-peer.md, made by another implementation of what that page says.</summary>
    [Fact]
    public void Bytes_are_cut_where_the_protocol_says()
    {
        var data = MakeVector(256 * 1024);
        Assert.Equal("c3895bd97b32ebdea6199b80718d2cac65f106f66e0fc6cf2b040053dd692ecd", Convert.ToHexStringLower(SHA256.HashData(data)));

        Assert.Equal([23829, 19452, 7508, 20538, 17001, 22660, 17866, 17705, 5843, 19877, 16936, 16432, 16754, 10862, 11067, 17814], Lengths(data));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    public void One_byte_again_and_again_is_cut_at_the_greatest_length(byte value)
    {
        var data = new byte[ChunkLength.Max * 2 + 1];
        Array.Fill(data, value);

        Assert.Equal([ChunkLength.Max, ChunkLength.Max, 1], Lengths(data));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(ChunkLength.Min)]
    public void What_is_shorter_than_any_chunk_is_one(int length) => Assert.Equal([length], Lengths(new byte[length]));

    [Fact]
    public void Chunks_of_random_bytes_have_about_the_mean_length()
    {
        var lengths = Lengths(MakeVector(8 * 1024 * 1024));

        Assert.InRange(lengths.Average(), ChunkLength.Mean * 0.9, ChunkLength.Mean * 1.3);
        // Most of the map's size: 18 bytes for each.
        Assert.InRange(lengths.Count * (double)ChunkMap.EntryLength / (8 * 1024 * 1024), 0.0008, 0.0012);
    }

    [Fact]
    public void Chunks_cover_all_bytes_and_keep_the_bounds() => Check(data =>
    {
        var lengths = Lengths(data);
        Assert.Equal(data.Length, lengths.Sum());
        Assert.All(lengths.SkipLast(1), length => Assert.InRange(length, ChunkLength.Min, ChunkLength.Max));
        Assert.InRange(lengths[^1], 1, ChunkLength.Max);
    });

    [Fact]
    public void A_cut_does_not_depend_on_what_comes_after_the_greatest_chunk() => Check(data =>
        Assert.Equal(FastCdc.Cut(data), FastCdc.Cut(data.AsSpan(0, Math.Min(data.Length, ChunkLength.Max)))));

    [Fact]
    public void An_insertion_changes_few_chunks()
    {
        var random = new Random(7);
        for (var run = 0; run < 50; run++)
        {
            var data = new byte[1024 * 1024];
            random.NextBytes(data);
            var inserted = new byte[random.Next(1, 1000)];
            random.NextBytes(inserted);
            var at = random.Next(data.Length);
            byte[] changed = [.. data.AsSpan(0, at), .. inserted, .. data.AsSpan(at)];

            var before = Chunks(data).ToHashSet();
            var lost = Chunks(changed).Count(chunk => !before.Contains(chunk));

            Assert.InRange(lost, 1, 8);
        }
    }

    private static void Check(Action<byte[]> holds)
    {
        // Runs of one byte beside random ones: what neither cuts often nor never.
        var data =
            from seed in Gen.Choose(0, int.MaxValue - 1)
            from parts in Gen.Choose(1, 12)
            select Make(new Random(seed), parts);
        Prop.ForAll(Arb.From(data), holds).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithQuietOnSuccess(true));
    }

    private static byte[] Make(Random random, int parts)
    {
        var data = new List<byte>();
        for (var part = 0; part < parts; part++)
        {
            var bytes = new byte[random.Next(1, 60_000)];
            if (random.Next(3) > 0)
            {
                random.NextBytes(bytes);
            }

            data.AddRange(bytes);
        }

        return [.. data];
    }

    private static byte[] MakeVector(int length) =>
        [.. Enumerable.Range(0, length / SHA256.HashSizeInBytes).SelectMany(index => SHA256.HashData(Encoding.ASCII.GetBytes($"p2pshare data {index}")))];

    private static List<int> Lengths(ReadOnlySpan<byte> data)
    {
        var lengths = new List<int>();
        for (; !data.IsEmpty; data = data[lengths[^1]..])
        {
            lengths.Add(FastCdc.Cut(data));
        }

        return lengths;
    }

    private static IEnumerable<string> Chunks(byte[] data)
    {
        var at = 0;
        foreach (var length in Lengths(data))
        {
            yield return Convert.ToHexString(SHA256.HashData(data.AsSpan(at, length)));
            at += length;
        }
    }
}
