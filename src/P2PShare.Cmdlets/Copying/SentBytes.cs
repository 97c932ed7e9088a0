using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What this machine's peer has sent to each target.</summary>
internal sealed class SentBytes
{
    // The last blocks are counted a moment after the target has checked them.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<Hash256, long> _byPeer = new();

    public SentBytes(PeerServer server) => server.UploadFinished += Add;

    /// <summary>Bytes that a peer received from others, of those that it fetched.</summary>
    /// <param name="isUploading">Whether some upload has not been counted yet.</param>
    public async Task<long> CountFromOthersAsync(Hash256 peer, long fetched, Func<bool> isUploading, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        while (_byPeer.GetValueOrDefault(peer) < fetched && isUploading() && !patience.IsCancellationRequested)
        {
            await Task.Delay(Interval, TimeProvider.System, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Math.Max(0, fetched - _byPeer.GetValueOrDefault(peer));
    }

    private void Add(UploadRecord upload) => _byPeer.AddOrUpdate(upload.Fingerprint, upload.Bytes, (_, before) => before + upload.Bytes);
}
