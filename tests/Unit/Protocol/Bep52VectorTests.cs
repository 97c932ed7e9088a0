using System.Runtime.InteropServices;
using System.Text.Json;
using FsCheck;
using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Protocol;

/// <summary>Roots and layers against what other implementations computed, and the laws they have to obey.</summary>
public class Bep52VectorTests
{
    public sealed record Row(int Length, int PieceLength, string PiecesRoot, string? PieceLayerSha256, int? PieceLayerHashes);

    [Fact]
    public void The_vectors_have_only_sections_that_are_tested() =>
        Assert.Equal(["about", "ramp", "zeros"], ReadVectors().EnumerateObject().Select(section => section.Name));

    [Theory]
    [MemberData(nameof(Ramp))]
    public void Ramp_has_the_root_and_layer_of_other_implementations(Row row) => Check(row, i => (byte)(i * 31), row.PieceLayerHashes!.Value);

    [Theory]
    [MemberData(nameof(Zeros))]
    public void Zeros_have_the_root_of_other_implementations(Row row) =>
        Check(row, _ => 0, row.Length <= row.PieceLength ? 0 : row.Length / row.PieceLength);

    [Theory]
    [MemberData(nameof(Ramp))]
    public void A_layer_is_accepted_and_every_changed_layer_refused(Row row)
    {
        var (content, layer) = HashAll(row, i => (byte)(i * 31));
        if (layer.Length == 0)
        {
            return;
        }

        var root = content.PiecesRoot!.Value;
        Assert.True(HashTree.IsLayerOf(root, layer, row.PieceLength));
        Assert.False(HashTree.IsLayerOf(root, layer.AsSpan(..^1), row.PieceLength));
        Assert.False(HashTree.IsLayerOf(root, layer.AsSpan(1..), row.PieceLength));
        Assert.False(HashTree.IsLayerOf(root, [], row.PieceLength));
        Assert.False(HashTree.IsLayerOf(Hash256.Compute([1]), layer, row.PieceLength));
        for (var i = 0; i < layer.Length; i++)
        {
            var changed = layer.ToArray();
            var bytes = changed[i].ToArray();
            bytes[i % Hash256.Size] ^= 1;
            changed[i] = new Hash256(bytes);
            Assert.False(HashTree.IsLayerOf(root, changed, row.PieceLength), $"hash {i} was changed");
        }

        for (var i = 1; i < layer.Length; i++)
        {
            var reordered = layer.ToArray();
            (reordered[i - 1], reordered[i]) = (reordered[i], reordered[i - 1]);
            if (reordered[i] != reordered[i - 1])
            {
                Assert.False(HashTree.IsLayerOf(root, reordered, row.PieceLength), $"hashes {i - 1} and {i} were exchanged");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Ramp))]
    public void The_root_over_all_blocks_is_the_root_over_the_pieces(Row row)
    {
        var data = Make(row.Length, i => (byte)(i * 31));
        var leaves = new Hash256[(row.Length + PieceLength.Block - 1) / PieceLength.Block];
        Assert.Equal(leaves.Length, HashTree.HashBlocks(data, leaves));
        Assert.Equal(row.PiecesRoot, HashTree.Root(leaves).ToString());
    }

    [Theory]
    [MemberData(nameof(Ramp))]
    public void A_piece_by_itself_has_its_hash_of_the_layer(Row row)
    {
        // What a downloader computes for a piece that arrived.
        var data = Make(row.Length, i => (byte)(i * 31));
        var (content, layer) = HashAll(row, i => (byte)(i * 31));
        var leaves = new Hash256[row.PieceLength / PieceLength.Block];
        for (var piece = 0; piece < layer.Length; piece++)
        {
            var count = HashTree.HashBlocks(data.AsSpan(piece * row.PieceLength, content.PieceSize(piece)), leaves);
            Assert.Equal(layer[piece], HashTree.PieceHash(leaves.AsSpan(0, count), row.PieceLength));
        }
    }

    [Fact]
    public void An_empty_content_has_no_root()
    {
        var (content, layer) = new PiecesHasher(PieceLength.Min).Finish();
        Assert.Equal(new ContentDescription(0, PieceLength.Min, null), content);
        Assert.Empty(layer);
    }

    [Fact]
    public void Missing_leaves_are_zero_hashes_not_hashes_of_zeros()
    {
        Assert.Equal(default, HashTree.PadRoot(0));
        Assert.Equal(HashTree.Combine(default, default), HashTree.PadRoot(1));
        Assert.Equal(HashTree.Combine(HashTree.PadRoot(39), HashTree.PadRoot(39)), HashTree.PadRoot(40));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-16384)]
    [InlineData(8192)]
    [InlineData(16385)]
    [InlineData(49152)]
    [InlineData(32 * 1024 * 1024)]
    public void A_hasher_refuses_a_length_that_no_piece_has(int pieceLength) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PiecesHasher(pieceLength));

    [Fact]
    public void A_tree_without_leaves_has_no_root() => Assert.Throws<ArgumentException>(() => HashTree.Root([]));

    [Property(MaxTest = 60)]
    public void Chunks_of_any_length_give_what_one_chunk_gives(PositiveInt size, PositiveInt[] chunks, byte seed)
    {
        var data = new byte[size.Get * 7919 % 300_000];
        new Random(seed).NextBytes(data);
        var whole = new PiecesHasher(PieceLength.Block * 2);
        whole.Append(data);
        var (expected, expectedLayer) = whole.Finish();

        var parts = new PiecesHasher(PieceLength.Block * 2);
        var at = 0;
        foreach (var chunk in chunks)
        {
            var count = Math.Min(chunk.Get * 997 % 70_000, data.Length - at);
            parts.Append(data.AsSpan(at, count));
            at += count;
        }

        parts.Append(data.AsSpan(at));
        var (content, layer) = parts.Finish();
        Assert.Equal(expected, content);
        Assert.Equal(expectedLayer, layer);
    }

    public static IEnumerable<object[]> Ramp() => Rows("ramp");

    public static IEnumerable<object[]> Zeros() => Rows("zeros");

    private static void Check(Row row, Func<int, byte> content, int layerHashes)
    {
        var (description, layer) = HashAll(row, content);
        Assert.Equal(new ContentDescription(row.Length, row.PieceLength, Hash256.Parse(row.PiecesRoot)), description);
        Assert.Null(description.FindProblem());
        Assert.Equal(layerHashes, layer.Length);
        if (row.PieceLayerSha256 is { } expected)
        {
            Assert.Equal(expected, Hash256.Compute(MemoryMarshal.AsBytes(layer.AsSpan())).ToString());
        }
    }

    private static (ContentDescription Content, Hash256[] PieceLayer) HashAll(Row row, Func<int, byte> content)
    {
        var data = Make(row.Length, content);
        var hasher = new PiecesHasher(row.PieceLength);
        int[] spans = [1, 16383, 7, 32771, 0, 999, 65537, 3, 16384, 16385];
        for (int at = 0, i = 0; at < data.Length; i++)
        {
            var count = Math.Min(spans[i % spans.Length], data.Length - at);
            hasher.Append(data.AsSpan(at, count));
            at += count;
        }

        return hasher.Finish();
    }

    private static byte[] Make(int length, Func<int, byte> content)
    {
        var data = new byte[length];
        for (var i = 0; i < length; i++)
        {
            data[i] = content(i);
        }

        return data;
    }

    private static IEnumerable<object[]> Rows(string section)
    {
        var rows = ReadVectors().GetProperty(section).Deserialize<Row[]>(JsonSerializerOptions.Web)!;
        Assert.NotEmpty(rows);
        return rows.Select(row => new object[] { row });
    }

    private static JsonElement ReadVectors()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Protocol", "bep52-vectors.json")));
        return document.RootElement.Clone();
    }
}
