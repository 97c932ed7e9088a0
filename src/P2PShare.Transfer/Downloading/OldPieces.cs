using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Hashes what this side has in place of pieces, and takes the pieces that are right as they are or can be made without a peer. Safe for concurrent use.
/// </summary>
/// <param name="memory">Where a piece's bytes are while it is hashed or made.</param>
/// <param name="mayReflink">Whether the part may share the storage of the old bytes. It has other ones of its own where a file is updated in place.</param>
internal sealed class OldPieces(ContentDescription content, IPartFile part, PieceReceiver receiver, LocalMemory memory, bool mayReflink)
{
    /// <summary>The tree of the old bytes. If they are the piece, they are taken.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public async Task<PieceTree> HashAsync(int piece, IReusedBytes old, CancellationToken cancellationToken)
    {
        using var reserved = await memory.ReserveAsync(content.PieceSize(piece), cancellationToken).ConfigureAwait(false);
        return Hash(piece, old);
    }

    /// <inheritdoc cref="PieceReceiver.Fill"/>
    public async Task FillAsync(PiecePlan plan, CancellationToken cancellationToken)
    {
        using var reserved = await memory.ReserveAsync(content.PieceSize(plan.Piece), cancellationToken).ConfigureAwait(false);
        receiver.Fill(plan);
    }

    private PieceTree Hash(int piece, IReusedBytes old)
    {
        var length = content.PieceSize(piece);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = buffer.AsSpan(0, length);
            // What the part has then is hashed, and not the old bytes: they may change in between.
            var isInPart = mayReflink && old.TryReflink(part, (long)piece * content.PieceLength, length);
            if (isInPart)
            {
                part.Read((long)piece * content.PieceLength, bytes);
            }
            else
            {
                old.Read((long)piece * content.PieceLength, bytes);
            }

            var leaves = new Hash256[PieceTree.CountLeaves(content, piece)];
            HashTree.HashBlocks(bytes, leaves);
            var tree = new PieceTree(leaves, PieceTree.HeightOf(content));
            if (tree.Root != part.PieceHash(piece))
            {
                return tree;
            }

            if (isInPart)
            {
                receiver.AddReflinked(piece);
            }
            else
            {
                receiver.AddReused(piece, bytes);
            }

            return tree;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
