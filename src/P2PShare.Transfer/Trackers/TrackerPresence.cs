using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Trackers;

/// <summary>A peer at its tracker, from the first announce until it unregisters.</summary>
internal sealed class TrackerPresence : IDisposable
{
    private readonly TrackerSession _tracker;
    private readonly Announcer _announcer;
    private readonly DialRequestStream _dials;
    private readonly Hash256 _fingerprint;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;

    /// <param name="dial">Dials a peer that asked for it; throws nothing.</param>
    public TrackerPresence(TrackerSession tracker, Announcer announcer, Hash256 fingerprint, Func<DialEvent, Task> dial, ILogger logger, TimeProvider clock)
    {
        _dials = new DialRequestStream(tracker, fingerprint, request => _ = dial(request), clock, logger);
        (_tracker, _announcer, _fingerprint, _logger, _clock) = (tracker, announcer, fingerprint, logger, clock);
        tracker.Moved += announcer.TrackerMoved;
        // The next announce ends the announcer with the reason.
        tracker.Refused += announcer.TrackerMoved;
    }

    /// <summary>Announces once.</summary>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public Task AnnounceAsync(CancellationToken cancellationToken) => _announcer.AnnounceAsync(cancellationToken);

    /// <summary>Announces, and receives requests to dial, until cancelled or until the session has ended.</summary>
    /// <param name="ended">Receives why the session ended.</param>
    public Task RunAsync(Action<P2PShareException> ended, CancellationToken cancellationToken) =>
        Task.WhenAll(_announcer.RunAsync(ended, cancellationToken), _dials.RunAsync(cancellationToken));

    /// <summary>Whether one of the revocations ends this peer's own access, so that the tracker has lost its holdings.</summary>
    public bool IsRevokedBy(IEnumerable<Revocation> revocations) =>
        revocations.Any(one => one.Concerns(one.GroupId ?? Guid.Empty, _tracker.UserId, _tracker.SessionId));

    /// <summary>Tells the tracker that the peer stops. A failure is logged: the tracker notices the absence by itself.</summary>
    /// <param name="patience">How long to wait for the tracker.</param>
    public async Task UnregisterAsync(TimeSpan patience)
    {
        using var timeout = new CancellationTokenSource(patience, _clock);
        try
        {
            await _tracker.UnregisterPeerAsync(_fingerprint, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is P2PShareException or OperationCanceledException or ObjectDisposedException)
        {
            _logger.UnregisterFailed(e.Message);
        }
    }

    public void Dispose()
    {
        _tracker.Moved -= _announcer.TrackerMoved;
        _tracker.Refused -= _announcer.TrackerMoved;
    }
}
