using System.Collections.Concurrent;
using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>Dials other peers; callers that want the same peer at once share one dial. Safe for concurrent use.</summary>
/// <param name="stopping">Cancels dials that run.</param>
internal sealed class PeerDialer(IPeerTransport transport, ConnectionTable connections, Admission admission, TransferMetrics metrics, CancellationToken stopping) : IPeerConnector
{
    private readonly ConcurrentDictionary<Hash256, Lazy<Task<PeerConnection>>> _dials = new();

    // Of each bulk connection that is being dialled, whether the peer is far: it has its place already.
    private readonly List<bool> _bulkDials = [];

    /// <summary>All connections, those that the other side dialled included.</summary>
    public IEnumerable<PeerConnection> Connections => connections.Connections;

    public async Task<PeerConnection> ConnectAsync(SourcePeer peer, CancellationToken cancellationToken)
    {
        if (Find(peer.Fingerprint) is { } existing)
        {
            return existing;
        }

        var dial = _dials.GetOrAdd(peer.Fingerprint, _ => new Lazy<Task<PeerConnection>>(() => DialAsync(peer)));
        try
        {
            return await dial.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _dials.TryRemove(new KeyValuePair<Hash256, Lazy<Task<PeerConnection>>>(peer.Fingerprint, dial));
        }
    }

    public PeerConnection? Find(Hash256 fingerprint) => connections.Find(fingerprint);

    public Task<PeerConnection> WaitForAsync(Hash256 fingerprint, CancellationToken cancellationToken) => connections.WaitForAsync(fingerprint, cancellationToken);

    public async Task<PeerConnection?> DialBulkAsync(PeerConnection first)
    {
        var isFar = first.Path is { IsFar: true };
        lock (_bulkDials)
        {
            var dialled = _bulkDials.Count(dial => dial == isFar);
            if (connections.CountBulk(isFar) + dialled >= (isFar ? ConnectionTable.MaxFarConnections : ConnectionTable.MaxBulkConnections))
            {
                return null;
            }

            _bulkDials.Add(isFar);
        }

        try
        {
            var (stream, remote) = await Task.Factory.StartNew(
                () => transport.DialBlocking(first.RemoteFingerprint, first.RemoteEndPoint, stopping),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            return connections.Run(stream, remote, isDialled: true, isBulk: true);
        }
        finally
        {
            lock (_bulkDials)
            {
                _bulkDials.Remove(isFar);
            }
        }
    }

    /// <summary>Makes a new connection to a peer, whether there is one or not.</summary>
    /// <param name="isRequested">Whether the peer asked for it: it takes a place like one that the peer dialled, and has to show a ticket as soon.</param>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that the tracker named.</exception>
    public async Task<PeerConnection> DialAsync(SourcePeer peer, bool isRequested = false)
    {
        using var activity = metrics.StartDial(peer.Fingerprint);
        try
        {
            var (stream, remote) = await transport.DialAsync(peer, stopping).ConfigureAwait(false);
            activity?.SetTag("network.peer.address", remote.EndPoint.Address.ToString()).SetTag("network.peer.port", remote.EndPoint.Port);
            return connections.Run(stream, remote, isDialled: true, arrival: isRequested ? admission.Enter(remote.EndPoint.Address, stream.Dispose) : null);
        }
        catch (Exception e)
        {
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
    }
}
