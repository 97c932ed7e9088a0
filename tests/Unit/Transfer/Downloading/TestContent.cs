using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Random bytes with their description and piece layer.</summary>
internal sealed class TestContent
{
    public const int KiB = 1024;
    public const int MiB = 1024 * KiB;

    private static readonly ConcurrentDictionary<(int Size, int PieceLength), TestContent> Made = new();

    private TestContent(int size, int pieceLength)
        : this(RandomBytes(size), pieceLength)
    {
    }

    public TestContent(byte[] bytes, int pieceLength)
    {
        var size = bytes.Length;
        Bytes = bytes;
        var layer = new List<Hash256>();
        for (var begin = 0; begin < size; begin += pieceLength)
        {
            var piece = Bytes.AsSpan(begin, Math.Min(pieceLength, size - begin));
            var leaves = new Hash256[(piece.Length + PieceLength.Block - 1) / PieceLength.Block];
            HashTree.HashBlocks(piece, leaves);
            layer.Add(size <= pieceLength ? HashTree.Root(leaves) : HashTree.PieceHash(leaves, pieceLength));
        }

        Layer = [.. layer];
        if (size == 0)
        {
            Description = new ContentDescription(0, pieceLength, null);
            return;
        }

        var root = layer.Count == 1 ? layer[0] : HashTree.Root([.. layer], HashTree.Height(pieceLength));
        Description = new ContentDescription(size, pieceLength, root);
    }

    public byte[] Bytes { get; }

    public Hash256[] Layer { get; }

    public ContentDescription Description { get; }

    public Bitfield All => Having([.. Enumerable.Range(0, Description.PieceCount)]);

    public Bitfield None => new(Description.PieceCount);

    /// <summary>The content of that size; the same each time, because hashing takes time.</summary>
    public static TestContent Make(int size, int pieceLength) =>
        Made.GetOrAdd((size, pieceLength), static key => new TestContent(key.Size, key.PieceLength));

    /// <summary>The tree below the hash of a piece.</summary>
    public PieceTree TreeOf(int piece)
    {
        var leaves = new Hash256[PieceTree.CountLeaves(Description, piece)];
        HashTree.HashBlocks(GetBlocks(piece, 0, Description.PieceSize(piece)), leaves);
        return new PieceTree(leaves, PieceTree.HeightOf(Description));
    }

    /// <summary>The bytes of its chunk map.</summary>
    public byte[] MakeMap()
    {
        var writer = new ChunkMapWriter();
        for (var at = 0; at < Bytes.Length;)
        {
            var length = FastCdc.Cut(Bytes.AsSpan(at));
            writer.TryAdd(length, FileChunks.HashOf(Bytes.AsSpan(at, length)));
            at += length;
        }

        return writer.Finish(Description).Bytes.ToArray();
    }

    public Bitfield Having(params int[] pieces)
    {
        var has = new Bitfield(Description.PieceCount);
        foreach (var piece in pieces)
        {
            has.Set(piece);
        }

        return has;
    }

    public ReadOnlySpan<byte> GetBlocks(int piece, int begin, int length) =>
        Bytes.AsSpan(checked((int)((long)piece * Description.PieceLength)) + begin, length);

    private static byte[] RandomBytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }
}
