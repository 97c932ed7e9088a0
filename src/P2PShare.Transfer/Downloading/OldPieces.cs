using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Hashes what this side has in place of pieces, and takes the pieces that are right as they are or can be made without a peer. Safe for concurrent use.
/// </summary>
/// <param name="memory">Where a piece's bytes are while it is hashed or made.</param>
internal sealed class OldPieces(ContentDescription content, IReuseTarget target, LocalMemory memory)
{
    /// <summary>The tree of the old bytes. If they are the piece, they are taken.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public async Task<PieceTree> HashAsync(int piece, IReusedBytes old, CancellationToken cancellationToken)
    {
        using var reserved = await memory.ReserveAsync(content.PieceSize(piece), cancellationToken).ConfigureAwait(false);
        return Hash(piece, old);
    }

    /// <inheritdoc cref="IReuseTarget.Fill"/>
    public async Task FillAsync(PiecePlan plan, CancellationToken cancellationToken)
    {
        using var reserved = await memory.ReserveAsync(content.PieceSize(plan.Piece), cancellationToken).ConfigureAwait(false);
        target.Fill(plan);
    }

    private PieceTree Hash(int piece, IReusedBytes old)
    {
        var length = content.PieceSize(piece);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = buffer.AsSpan(0, length);
            // What the part has then is hashed, and not the old bytes: they may change in between.
            var isInPart = target.TryReflink(piece, bytes, old);
            if (!isInPart)
            {
                old.Read((long)piece * content.PieceLength, bytes);
            }

            var leaves = new Hash256[PieceTree.CountLeaves(content, piece)];
            HashTree.HashBlocks(bytes, leaves);
            var tree = new PieceTree(leaves, PieceTree.HeightOf(content));
            if (tree.Root != target.HashOf(piece))
            {
                return tree;
            }

            if (isInPart)
            {
                target.TakeReflinked(piece);
            }
            else
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
