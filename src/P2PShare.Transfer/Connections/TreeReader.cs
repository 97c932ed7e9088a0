using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Makes the answers to tree requests of all connections: reads the piece, hashes its blocks, and checks them against the piece's hash
/// before any hash is sent. Safe for concurrent use.
/// </summary>
/// <param name="burst">Bytes that a user may have read at once.</param>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has nothing to release: its wait handle is never used.")]
internal sealed class TreeReader(TimeProvider clock, long burst = TreeReadBudget.Burst)
{
    // 128 trees of the longest pieces: what one receiver asks for at a time, some times.
    private const long CacheBytes = 8 * 1024 * 1024;
    private const int ReadLength = 256 * 1024;

    private readonly TreeCache _cache = new(CacheBytes);
    private readonly TreeReadBudget _budget = new(clock, burst);
    // However many peers ask, half of the processors do something else.
    private readonly SemaphoreSlim _turns = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Reads the nodes of a range, which is in one piece of the content.</summary>
    /// <param name="user">Whose connection it is; empty if that is not known.</param>
    /// <exception cref="P2PShareException">The file is gone or has other bytes than those that are offered.</exception>
    public async ValueTask<ReadOnlyMemory<Hash256>> ReadAsync(IBlockSource source, TreeRange range, Guid user, CancellationToken cancellationToken)
    {
        var content = source.Description;
        var piece = PieceTree.FindPiece(content, range.Height, range.Index, range.Count)!.Value;
        var tree = _cache.Find(content.PiecesRoot!.Value, piece)
            ?? await ReadTreeAsync(source, piece, user, cancellationToken).ConfigureAwait(false);
        return tree.Layer(range.Height).Slice(range.Index - PieceTree.FirstNode(content, piece, range.Height), range.Count).ToArray();
    }

    /// <inheritdoc cref="TreeReadBudget.IsSpent"/>
    public bool MustWait(Guid user) => _budget.IsSpent(user);

    private async ValueTask<PieceTree> ReadTreeAsync(IBlockSource source, int piece, Guid user, CancellationToken cancellationToken)
    {
        var content = source.Description;
        var wait = _budget.Take(user, content.PieceSize(piece));
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
        }

        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Another connection may have asked for the same meanwhile.
            return _cache.Find(content.PiecesRoot!.Value, piece) ?? ReadTree(source, piece);
        }
        finally
        {
            _turns.Release();
        }
    }

    private PieceTree ReadTree(IBlockSource source, int piece)
    {
        var content = source.Description;
        var (length, count) = (content.PieceSize(piece), 0);
        var buffer = ArrayPool<byte>.Shared.Rent(ReadLength);
        var leaves = ArrayPool<Hash256>.Shared.Rent(PieceTree.CountLeaves(content, piece));
        try
        {
            for (var done = 0; done < length;)
            {
                var read = buffer.AsSpan(0, Math.Min(ReadLength, length - done));
                source.Read((long)piece * content.PieceLength + done, read);
                count += HashTree.HashBlocks(read, leaves.AsSpan(count));
                done += read.Length;
            }

            var tree = new PieceTree(leaves.AsSpan(0, count), PieceTree.HeightOf(content));
            if (tree.Root != (content.PieceCount == 1 ? content.PiecesRoot!.Value : source.PieceLayer[piece]))
            {
                throw new P2PShareException(ErrorCode.SourceFileChanged, "The file has other bytes than those that are offered. Share it again.");
            }

            _cache.Add(content.PiecesRoot!.Value, piece, tree);
            return tree;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<Hash256>.Shared.Return(leaves);
        }
    }
}
