using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

/// <summary>Hashing files with holes: the same hashes as of the same bytes without, and nothing read that was never written.</summary>
public sealed class SparseHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Holes_anywhere_hash_as_the_zeros_that_they_are()
    {
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            for (var round = 0; round < 40; round++)
            {
                var bytes = MakeSparse("sparse", random.Random, random.Random.Next(1, 3_000_000));
                var pieceLength = PieceLength.Block << random.Random.Next(6);

                var sparse = await HashAsync("sparse", pieceLength);

                Assert.Equal(Root(bytes, pieceLength), sparse.Content.PiecesRoot);
            }
        });
    }

    [LinuxFact]
    public async Task A_hole_of_a_terabyte_is_hashed_without_being_read()
    {
        using (var file = File.OpenHandle(_folder.Combine("sparse"), FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(file, (1L << 40) + 5);
        }

        // To read and hash it takes a quarter of an hour.
        var hashed = await FileHasher.HashAsync(_folder.Combine("sparse"), null, CancellationToken.None).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(65_537, hashed.PieceLayer.Count);
        Assert.All(hashed.PieceLayer.Take(65_536), hash => Assert.Equal(ZeroHashes.Subtree(10), hash));
        Assert.Equal(ZeroHashes.Piece(hashed.Content, 65_536), hashed.PieceLayer[65_536]);
    }

    [LinuxFact]
    public void Only_data_is_read()
    {
        const int Extent = 64 * 1024;
        var path = _folder.Combine("sparse");
        var content = new ContentDescription(64L * 1024 * 1024, 1024 * 1024, null);
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, content.Size);
        foreach (var piece in new[] { 3, 20, 63 })
        {
            RandomAccess.Write(file, RandomNumberGenerator.GetBytes(Extent), (long)piece * content.PieceLength + 5 * PieceLength.Block);
        }

        var reads = 0;
        var hashes = new Hash256[content.PieceCount];
        for (var piece = 0; piece < content.PieceCount; piece++)
        {
            RangeHasher.HashPieces(file, content, piece, hashes.AsSpan(piece, 1), () => reads++);
        }

        // One for each extent, and one look at each piece that is a hole.
        Assert.Equal(content.PieceCount, reads);
        Assert.Equal(61, hashes.Count(hash => hash == ZeroHashes.Subtree(6)));
    }

    // Extents of random length between holes.
    private byte[] MakeSparse(string name, Random random, int size)
    {
        var bytes = new byte[size];
        File.Delete(_folder.Combine(name));
        using var file = File.OpenHandle(_folder.Combine(name), FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, size);
        for (var begin = random.Next(300_000); begin < size; begin += random.Next(1, 600_000))
        {
            var data = bytes.AsSpan(begin, Math.Min(random.Next(1, 200_000), size - begin));
            random.NextBytes(data);
            RandomAccess.Write(file, data, begin);
            begin += data.Length;
        }

        return bytes;
    }

    private Task<HashedFile> HashAsync(string name, int pieceLength) =>
        FileHasher.HashAsync(_folder.Combine(name), null, _ => pieceLength, null, TimeProvider.System, CancellationToken.None);

    private static Hash256 Root(byte[] bytes, int pieceLength)
    {
        var content = new ContentDescription(bytes.Length, pieceLength, null);
        var layer = new Hash256[content.PieceCount];
        for (var piece = 0; piece < layer.Length; piece++)
        {
            var data = bytes.AsSpan(piece * pieceLength, content.PieceSize(piece));
            var leaves = new Hash256[(data.Length + PieceLength.Block - 1) / PieceLength.Block];
            HashTree.HashBlocks(data, leaves);
            layer[piece] = HashTree.PieceHash(leaves, content);
        }

        return HashTree.Root(layer, HashTree.Height(pieceLength));
    }
}
