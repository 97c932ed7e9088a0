using System.Numerics;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// What one download may request: its own limit and that of all downloads. It acts on what is requested, never on what is read: the
/// connections are shared with other downloads.
/// </summary>
/// <param name="own">Limits this download alone.</param>
/// <param name="total">Limits all downloads together.</param>
internal sealed class RequestLimit(BandwidthLimiter own, BandwidthLimiter total)
{
    // So that a slow limit is smooth.
    private const int RequestsPerSecond = 8;

    public bool IsSet => own.Limit is not null || total.Limit is not null;

    /// <summary>Bytes to request at once: a power of two blocks, less if the limit is low.</summary>
    public int RequestLength
    {
        get
        {
            var perRequest = Math.Min(own.Limit ?? long.MaxValue, total.Limit ?? long.MaxValue) / RequestsPerSecond;
            return 1 << BitOperations.Log2((uint)Math.Clamp(perRequest, PieceLength.Block, RequestScheduler.PreferredRequestLength));
        }
    }

    /// <summary>Waits until <paramref name="bytes"/> may be requested.</summary>
    public async Task WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        // While it waits for its own limit, it takes no turn of other downloads.
        await own.WaitAsync(bytes, cancellationToken).ConfigureAwait(false);
        await total.WaitAsync(bytes, cancellationToken).ConfigureAwait(false);
    }
}
