using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>Hashes what this side has in place of pieces, and takes the pieces that are right as they are. Safe for concurrent use.</summary>
internal sealed class OldPieces(ContentDescription content, IReuseTarget target)
{
    /// <summary>The tree of the old bytes. If they are the piece, they are taken.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public PieceTree Hash(int piece, IReusedBytes old)
    {
        var length = content.PieceSize(piece);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = buffer.AsSpan(0, length);
            old.Read((long)piece * content.PieceLength, bytes);
            var leaves = new Hash256[PieceTree.CountLeaves(content, piece)];
            HashTree.HashBlocks(bytes, leaves);
            var tree = new PieceTree(leaves, PieceTree.HeightOf(content));
            if (tree.Root == target.HashOf(piece))
            {
                target.Take(piece, bytes, old);
            }

            return tree;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
