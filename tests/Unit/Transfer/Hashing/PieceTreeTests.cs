using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Unit.Transfer.Hashing;

public sealed class PieceTreeTests
{
    private const int Block = PieceLength.Block;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(Block, 0)]
    [InlineData(Block + 1, 1)]
    [InlineData(3 * Block, 2)]
    [InlineData(4 * Block, 2)]
    [InlineData(4 * Block + 1, 3)]
    [InlineData(64 * Block, 6)]
    [InlineData(64 * Block + 1, 6)]
    [InlineData(1000 * Block, 6)]
    public void A_piece_is_as_many_levels_above_its_blocks_as_its_hash_is(int size, int height)
    {
        var content = Content(size, 64 * Block);

        Assert.Equal(height, PieceTree.HeightOf(content));
        for (var piece = 0; piece < content.PieceCount; piece++)
        {
            var leaves = Leaves(PieceTree.CountLeaves(content, piece));
            var tree = new PieceTree(leaves, height);
            Assert.Equal(HashTree.PieceHash([.. leaves], content), tree.Root);
            for (var level = 0; level <= height; level++)
            {
                Assert.Equal(PieceTree.CountNodes(leaves.Length, level), tree.Layer(level).Length);
            }
        }
    }

    [Fact]
    public void A_range_belongs_to_the_piece_that_has_all_of_it()
    {
        // Two whole pieces of 4 blocks, and one of 3.
        var content = Content(11 * Block, 4 * Block);

        Assert.Equal(0, PieceTree.FindPiece(content, 0, 0, 4));
        Assert.Equal(1, PieceTree.FindPiece(content, 1, 2, 2));
        Assert.Equal(2, PieceTree.FindPiece(content, 0, 8, 3));
        Assert.Equal(2, PieceTree.FindPiece(content, 1, 5, 1));
        // Across a border, beyond the last block, in no piece, and the piece layer itself.
        Assert.Null(PieceTree.FindPiece(content, 0, 3, 2));
        Assert.Null(PieceTree.FindPiece(content, 0, 8, 4));
        Assert.Null(PieceTree.FindPiece(content, 0, 12, 1));
        Assert.Null(PieceTree.FindPiece(content, 2, 0, 1));
        Assert.Null(PieceTree.FindPiece(content, 9, 0, 1));
        Assert.Equal(8, PieceTree.FirstNode(content, 2, 0));
        Assert.Equal(4, PieceTree.FirstNode(content, 2, 1));
    }

    [Fact]
    public void The_only_piece_of_a_content_has_the_tree_of_its_blocks()
    {
        var content = Content(3 * Block, 64 * Block);

        Assert.Equal(0, PieceTree.FindPiece(content, 0, 0, 3));
        Assert.Equal(0, PieceTree.FindPiece(content, 1, 0, 2));
        Assert.Null(PieceTree.FindPiece(content, 0, 0, 4));
        Assert.Null(PieceTree.FindPiece(content, 2, 0, 1));
    }

    private static ContentDescription Content(long size, int pieceLength) => new(size, pieceLength, Hash256.Compute([1]));

    private static Hash256[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => Hash256.Compute(BitConverter.GetBytes(i)))];
}
