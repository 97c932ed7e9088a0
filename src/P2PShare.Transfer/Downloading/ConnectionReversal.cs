using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Asks the tracker to let a source dial this peer.</summary>
/// <exception cref="P2PShareException">The tracker's.</exception>
internal delegate Task RequestDial(GroupIdentity group, Hash256 piecesRoot, Hash256 source, CancellationToken cancellationToken);

/// <summary>
/// Connects to sources from whichever side can: dials, and if that fails or is slow, asks through the tracker to be dialled (connection
/// reversal). Downloads that want the same peer share one request. Safe for concurrent use.
/// </summary>
/// <param name="stopping">Ends the waiting.</param>
internal sealed class ConnectionReversal(IPeerConnector peers, RequestDial request, TimeProvider clock, CancellationToken stopping)
{
    /// <summary>A dial that takes longer is not given up, but the peer is asked to dial meanwhile.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long a peer that was asked may take.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Hash256, Lazy<Task<PeerConnection>>> _requests = new();
    private readonly PeerBackoff _backoff = new(clock);
    private long _askAgainAt = long.MinValue;

    /// <summary>Makes what opens the channels for a content, with the tickets of a group.</summary>
    public ISourceConnector CreateConnector(IServedContent content, GroupIdentity group) => new ChannelConnector(peers, this, content, group);

    /// <summary>Returns the connection to a peer, or makes one.</summary>
    /// <param name="piecesRoot">A content that the peer has in the group.</param>
    /// <exception cref="IOException">Neither side could dial the other.</exception>
    public async Task<PeerConnection> ConnectAsync(SourcePeer peer, GroupIdentity group, Hash256 piecesRoot, CancellationToken cancellationToken)
    {
        if (peer.EndPoints.Count == 0)
        {
            return peers.Find(peer.Fingerprint) ?? await RequestAsync(peer, group, piecesRoot).WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        var dialling = peers.ConnectAsync(peer, cancellationToken);
        await Task.WhenAny(dialling, Task.Delay(Patience, clock, cancellationToken)).ConfigureAwait(false);
        if (dialling.IsCompletedSuccessfully)
        {
            return await dialling.ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var problems = new List<string>();
        await foreach (var attempt in Task.WhenEach(dialling, RequestAsync(peer, group, piecesRoot)).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                return await attempt.ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                problems.Add(e.Message);
            }
        }

        throw new IOException(string.Join(" ", problems));
    }

    private Task<PeerConnection> RequestAsync(SourcePeer peer, GroupIdentity group, Hash256 piecesRoot)
    {
        var running = _requests.GetOrAdd(peer.Fingerprint, _ => new Lazy<Task<PeerConnection>>(() => SendAsync(peer, group, piecesRoot))).Value;
        // Observed here: the dial may have succeeded before, or the caller may have given up.
        _ = running.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return running;
    }

    private async Task<PeerConnection> SendAsync(SourcePeer peer, GroupIdentity group, Hash256 piecesRoot)
    {
        // So that the task is among the others before it removes itself.
        await Task.Yield();
        using var timeout = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        try
        {
            if (!_backoff.CanTry(peer.Fingerprint) || clock.GetTimestamp() < Interlocked.Read(ref _askAgainAt))
            {
                throw new IOException($"The peer of {peer.UserName} was asked to dial this one a moment ago, and did not.");
            }

            // Before the request: the peer may be fast.
            var waiting = peers.WaitForAsync(peer.Fingerprint, either.Token);
            await request(group, piecesRoot, peer.Fingerprint, either.Token).ConfigureAwait(false);
            var connection = await waiting.ConfigureAwait(false);
            _backoff.Reset(peer.Fingerprint);
            return connection;
        }
        catch (P2PShareException e)
        {
            _backoff.AddFailure(peer.Fingerprint);
            if (TrackerSession.RetryAfter(e) is var after && after > TimeSpan.Zero)
            {
                Interlocked.Exchange(ref _askAgainAt, clock.GetTimestamp() + (long)(after.TotalSeconds * clock.TimestampFrequency));
            }

            throw new IOException($"The tracker did not let the peer of {peer.UserName} dial this one: {e.Message}", e);
        }
        catch (OperationCanceledException e)
        {
            _backoff.AddFailure(peer.Fingerprint);
            throw new IOException($"The peer of {peer.UserName} was asked to dial this one, and did not within {Timeout.TotalSeconds:0} seconds.", e);
        }
        finally
        {
            await either.CancelAsync().ConfigureAwait(false);
            _requests.TryRemove(peer.Fingerprint, out _);
        }
    }
}
