using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Announces to the tracker what a peer holds, as <see cref="AnnounceState"/> decides. A failed announce is repeated after a
/// delay, at whichever tracker answers. Safe for concurrent use.
/// </summary>
/// <param name="prove">Proves that this peer has the key of its fingerprint, under the session of this moment.</param>
/// <param name="port">The peer's TCP port.</param>
internal sealed class Announcer(
    TrackerApi tracker, Hash256 fingerprint, Func<FingerprintProof> prove, int port, IAnnounceHandler handler, TimeProvider clock, ILogger? logger = null) : IAnnouncer
{
    private readonly ILogger _logger = logger ?? NullLogger.Instance;
    private readonly LocalAddresses _addresses = new(clock);
    private readonly Lock _lock = new();
    private readonly AnnounceState _state = new(clock, Random.Shared);
    private TaskCompletionSource _announced = NewSignal();
    private TaskCompletionSource _wake = NewSignal();

    /// <inheritdoc cref="AnnounceState.Hold"/>
    public void Hold(Guid group, Hash256 root, bool isComplete)
    {
        lock (_lock)
        {
            if (_state.Hold(group, root, isComplete))
            {
                _wake.TrySetResult();
            }
        }
    }

    /// <inheritdoc cref="AnnounceState.Withdraw"/>
    public void Withdraw(Guid group, Hash256 root)
    {
        lock (_lock)
        {
            if (_state.Withdraw(group, root))
            {
                _wake.TrySetResult();
            }
        }
    }

    /// <summary>Another tracker answers now than before.</summary>
    public void TrackerMoved()
    {
        lock (_lock)
        {
            _state.TrackerMoved();
            _wake.TrySetResult();
        }
    }

    /// <summary>Waits until all changes so far have been announced.</summary>
    /// <exception cref="P2PShareException">The tracker's, if the next announce fails.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task announced;
            lock (_lock)
            {
                if (_state.IsUpToDate)
                {
                    return;
                }

                announced = _announced.Task;
                if (_state.Expedite())
                {
                    _wake.TrySetResult();
                }
            }

            await announced.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Announces changes and heartbeats until cancelled, or until the session has ended.</summary>
    /// <param name="ended">Receives the tracker's refusal of the session.</param>
    public async Task RunAsync(Action<P2PShareException> ended, CancellationToken cancellationToken)
    {
        while (true)
        {
            await WaitUntilDueAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await AnnounceAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (P2PShareException e) when (e.Code == ErrorCode.NotLoggedIn)
            {
                ended(e);
                return;
            }
            catch (P2PShareException e)
            {
                bool isFirst;
                lock (_lock)
                {
                    isFirst = _state.Postpone(TrackerSession.RetryAfter(e));
                }

                if (isFirst)
                {
                    TrackerLog.AnnounceFailed(_logger, e.Message);
                }
            }
        }
    }

    /// <summary>Announces now, until the tracker lacks nothing.</summary>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _state.Begin();
        }

        try
        {
            bool hasMore;
            do
            {
                hasMore = await SendBatchAsync(cancellationToken).ConfigureAwait(false);
            }
            while (hasMore);
        }
        catch (P2PShareException e) when (e.Code == ErrorCode.QuotaExceeded)
        {
            // What was announced has no effect. What the peer has there already stays online, and it must not miss a revocation.
            await TrySendHeartbeatAsync(cancellationToken).ConfigureAwait(false);
            Fail(e);
            throw;
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }

        lock (_lock)
        {
            _state.End();
        }

        SignalAnnounced(null);
    }

    private void Fail(Exception e)
    {
        lock (_lock)
        {
            _state.Fail();
        }

        if (e is P2PShareException)
        {
            SignalAnnounced(e);
        }
    }

    /// <returns>Whether another batch has to follow.</returns>
    private async Task<bool> SendBatchAsync(CancellationToken cancellationToken)
    {
        AnnounceBatch batch;
        lock (_lock)
        {
            batch = _state.TakeBatch();
        }

        var isFull = await SendAsync(batch, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            return isFull || _state.HasPending;
        }
    }

    private async Task TrySendHeartbeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            bool hasMore;
            do
            {
                AnnounceBatch batch;
                lock (_lock)
                {
                    batch = _state.TakeNothing();
                }

                hasMore = await SendAsync(batch, cancellationToken).ConfigureAwait(false);
            }
            while (hasMore);
        }
        catch (P2PShareException)
        {
            // It is repeated with the announce.
        }
    }

    /// <returns>Whether the response had as much of something as one has, so that more may follow.</returns>
    private async Task<bool> SendAsync(AnnounceBatch batch, CancellationToken cancellationToken)
    {
        AnnounceRequest request;
        lock (_lock)
        {
            request = new AnnounceRequest(fingerprint, port, _addresses.Get(), batch.IsFull, batch.Holdings, batch.Removed, _state.RevocationsAfter, ThroughProxy: tracker.IsThroughProxy);
            request = batch.IsFull ? request with { Proof = prove() } : request;
        }

        var response = await tracker.AnnounceAsync(request, cancellationToken).ConfigureAwait(false);
        var isOwnRevoked = handler.OnRevoked(response.Revocations);
        IReadOnlyList<Announcement> allRejected;
        lock (_lock)
        {
            allRejected = _state.Accept(batch, response, isOwnRevoked);
        }

        TrackerLog.Announced(_logger, request.Holdings.Count, request.Removed.Count, response.IntervalSeconds);
        handler.OnRejected(allRejected);
        return response.Revocations.Count >= AnnounceResponse.MaxRevocations || response.Rejected.Count >= AnnounceResponse.MaxWithdrawn;
    }

    private async Task WaitUntilDueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wake;
            TimeSpan delay;
            lock (_lock)
            {
                if (_wake.Task.IsCompleted)
                {
                    _wake = NewSignal();
                }

                wake = _wake.Task;
                delay = _state.TimeUntilDue();
            }

            if (delay == TimeSpan.Zero)
            {
                return;
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(wake, Task.Delay(delay, clock, waiting.Token)).ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void SignalAnnounced(Exception? failure)
    {
        TaskCompletionSource announced;
        lock (_lock)
        {
            announced = _announced;
            _announced = NewSignal();
        }

        if (failure is null)
        {
            announced.SetResult();
        }
        else
        {
            announced.SetException(failure);
            // Observed here, because there may be no caller of FlushAsync.
            _ = announced.Task.Exception;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
