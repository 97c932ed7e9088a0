using System.Runtime.InteropServices;
using System.Text.Json;
using FsCheck;
using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Hashing;

/// <summary>Roots and layers against those of other implementations, and the laws that they have to obey.</summary>
public class Bep52VectorTests
{
    public sealed record Row(int Length, int PieceLength, string PiecesRoot, string? PieceLayerSha256, int? PieceLayerHashes);

    [Fact]
    public void The_vectors_have_only_sections_that_are_tested() =>
        Assert.Equal(["about", "ramp", "zeros"], ReadVectors().EnumerateObject().Select(section => section.Name));

    [Theory]
    [MemberData(nameof(Ramp))]
    public Task Ramp_has_the_root_and_layer_of_other_implementations(Row row) => CheckAsync(row, i => (byte)(i * 31), row.PieceLayerHashes!.Value);

    [Theory]
    [MemberData(nameof(Zeros))]
    public Task Zeros_have_the_root_of_other_implementations(Row row) =>
        CheckAsync(row, _ => 0, row.Length <= row.PieceLength ? 0 : row.Length / row.PieceLength);

    [Theory]
    [MemberData(nameof(Ramp))]
    public async Task A_layer_is_accepted_and_every_changed_layer_refused(Row row)
    {
        var (content, layer) = await HashAllAsync(row, i => (byte)(i * 31));
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
    public async Task A_piece_by_itself_has_its_hash_of_the_layer(Row row)
    {
        // What a downloader computes for a piece that arrived.
        var data = Make(row.Length, i => (byte)(i * 31));
        var (content, layer) = await HashAllAsync(row, i => (byte)(i * 31));
        var leaves = new Hash256[row.PieceLength / PieceLength.Block];
        for (var piece = 0; piece < layer.Length; piece++)
        {
            var count = HashTree.HashBlocks(data.AsSpan(piece * row.PieceLength, content.PieceSize(piece)), leaves);
            Assert.Equal(layer[piece], HashTree.PieceHash(leaves.AsSpan(0, count), row.PieceLength));
        }
    }

    [Fact]
    public async Task An_empty_content_has_no_root()
    {
        var (content, layer) = await HashAsync([], PieceLength.Min);
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

    [Fact]
    public void A_tree_without_leaves_has_no_root() => Assert.Throws<ArgumentException>(() => HashTree.Root([]));

    [Property(MaxTest = 60)]
    public async Task A_file_of_any_size_has_the_root_of_a_tree_over_its_blocks(PositiveInt size, byte seed)
    {
        var data = new byte[(size.Get * 7919 % 300_000) + 1];
        new Random(seed).NextBytes(data);

        var (content, layer) = await HashAsync(data, PieceLength.Block * 2);

        var blocks = data.Chunk(PieceLength.Block).Select(block => Hash256.Compute(block)).ToList();
        Assert.Equal(Reduce(blocks), content.PiecesRoot);
        Assert.Equal(
            content.PieceCount > 1 ? blocks.Chunk(2).Select(pair => HashTree.Combine(pair[0], pair.Length > 1 ? pair[1] : default)) : [], layer);
    }

    public static IEnumerable<object[]> Ramp() => Rows("ramp");

    public static IEnumerable<object[]> Zeros() => Rows("zeros");

    private static async Task CheckAsync(Row row, Func<int, byte> content, int layerHashes)
    {
        var (description, layer) = await HashAllAsync(row, content);
        Assert.Equal(new ContentDescription(row.Length, row.PieceLength, Hash256.Parse(row.PiecesRoot)), description);
        Assert.Null(description.FindProblem());
        Assert.Equal(layerHashes, layer.Length);
        if (row.PieceLayerSha256 is { } expected)
        {
            Assert.Equal(expected, Hash256.Compute(MemoryMarshal.AsBytes(layer.AsSpan())).ToString());
        }
    }

    private static Task<(ContentDescription Content, Hash256[] PieceLayer)> HashAllAsync(Row row, Func<int, byte> content) =>
        HashAsync(Make(row.Length, content), row.PieceLength);

    private static async Task<(ContentDescription Content, Hash256[] PieceLayer)> HashAsync(byte[] data, int pieceLength)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Combine("content");
        await File.WriteAllBytesAsync(path, data);
        var hashed = await FileHasher.HashAsync(path, null, _ => pieceLength, null, TimeProvider.System, CancellationToken.None);
        return (hashed.Content, [.. hashed.PieceLayer]);
    }

    // The definition of BEP 52, without any of the code under test but Combine.
    private static Hash256 Reduce(IReadOnlyList<Hash256> leaves)
    {
        var level = leaves.ToList();
        while (!System.Numerics.BitOperations.IsPow2(level.Count))
        {
            level.Add(default);
        }

        while (level.Count > 1)
        {
            level = [.. level.Chunk(2).Select(pair => HashTree.Combine(pair[0], pair[1]))];
        }

        return level[0];
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
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Transfer", "Hashing", "bep52-vectors.json")));
        return document.RootElement.Clone();
    }
}
