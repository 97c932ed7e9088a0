using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Hashing;

/// <summary>The hashes that are known beforehand against those of real zero bytes.</summary>
public sealed class ZeroHashesTests
{
    private static readonly int[] BlocksInPiece = [1, 2, 4, 16, 64];

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(PieceLength.Block - 1)]
    [InlineData(PieceLength.Block)]
    public void A_block_has_the_hash_of_that_many_zeros(int length) =>
        Assert.Equal(Hash256.Compute(new byte[length]), ZeroHashes.Block(length));

    [Theory]
    [InlineData(0)]
    [InlineData(PieceLength.Block + 1)]
    public void No_block_has_another_length(int length) => Assert.Throws<ArgumentOutOfRangeException>(() => ZeroHashes.Block(length));

    [Fact]
    public void A_subtree_is_the_root_of_its_blocks()
    {
        for (var height = 0; height <= 10; height++)
        {
            var leaves = new Hash256[1 << height];
            HashTree.HashBlocks(new byte[leaves.Length * PieceLength.Block], leaves);
            Assert.Equal(HashTree.Root(leaves), ZeroHashes.Subtree(height));
        }
    }

    [Fact]
    public Task A_piece_has_the_hash_of_its_zeros_however_long_its_content_is()
    {
        var random = new SeededRandom();
        return random.RunAsync(() =>
        {
            foreach (var pieceLength in BlocksInPiece.Select(blocks => blocks * PieceLength.Block))
            {
                int[] special = [1, PieceLength.Block - 1, PieceLength.Block, PieceLength.Block + 1, pieceLength - 1, pieceLength, pieceLength + 1, 3 * pieceLength];
                foreach (var size in special.Concat(Enumerable.Range(0, 20).Select(_ => random.Random.Next(1, 4 * pieceLength))).Where(size => size > 0))
                {
                    var content = new ContentDescription(size, pieceLength, null);
                    for (var piece = 0; piece < content.PieceCount; piece++)
                    {
                        Assert.Equal(Hash(content, piece), ZeroHashes.Piece(content, piece));
                    }
                }
            }

            return Task.CompletedTask;
        });
    }

    private static Hash256 Hash(ContentDescription content, int piece)
    {
        var bytes = new byte[content.PieceSize(piece)];
        var leaves = new Hash256[(bytes.Length + PieceLength.Block - 1) / PieceLength.Block];
        HashTree.HashBlocks(bytes, leaves);
        return HashTree.PieceHash(leaves, content);
    }
}
