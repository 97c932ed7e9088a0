using System.Diagnostics.CodeAnalysis;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>How many pieces' trees are walked at a time: enough for a far source, little for one with a slow disk. Safe for concurrent use.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has nothing to release: its wait handle is never used.")]
internal sealed class WalkTurns
{
    // Blocks of the pieces, and the pieces.
    private const int MaxBlocks = 16 * 1024;
    private const int Min = 16;
    private const int Max = 256;

    private readonly int _count;
    private readonly SemaphoreSlim _free;

    /// <param name="pieceLength">In bytes.</param>
    public WalkTurns(int pieceLength)
    {
        _count = Math.Clamp(MaxBlocks / (pieceLength / PieceLength.Block), Min, Max);
        _free = new SemaphoreSlim(_count);
    }

    /// <summary>Waits for a turn, which a walk has until it ends.</summary>
    public Task TakeAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    /// <summary>Ends a turn.</summary>
    public void Release() => _free.Release();

    /// <summary>Waits until every walk has ended that began before.</summary>
    public async Task WaitForAllAsync(CancellationToken cancellationToken)
    {
        for (var turn = 0; turn < _count; turn++)
        {
            await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        _free.Release(_count);
    }
}
