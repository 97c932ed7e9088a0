using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Trackers;

/// <summary>Sends requests to the trackers of a session, in the order that <see cref="TrackerFailover"/> decides. Safe for concurrent use.</summary>
internal sealed class FailoverSender : IDisposable
{
    private readonly TrackerConnection[] _connections;
    private readonly TrackerFailover _failover;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private bool _isProxyReported;

    /// <param name="connections">At least one, in the order in which they are tried.</param>
    public FailoverSender(IReadOnlyList<TrackerConnection> connections, TimeProvider clock, TrackerTimeouts timeouts, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfZero(connections.Count);
        _connections = [.. connections];
        _failover = new TrackerFailover(connections.Count, clock, timeouts);
        _clock = clock;
        _logger = logger;
    }

    /// <summary>Raised, on any thread, when another tracker answers than the time before.</summary>
    public event Action? Moved;

    /// <summary>The tracker that is asked first.</summary>
    public TrackerAddress Current => _connections[_failover.Current].Address;

    /// <summary>Whether that one sees a proxy's address and not this machine's.</summary>
    public bool IsThroughProxy => _connections[_failover.Current].Proxy is not null;

    /// <returns>A successful response.</returns>
    /// <exception cref="P2PShareException">The tracker's own, or <see cref="FailoverCall.Explain"/> if none answers.</exception>
    public async Task<HttpResponseMessage> SendAsync(TrackerRequest request, SessionResponse? session, CancellationToken cancellationToken)
    {
        var call = _failover.Begin(request);
        while (true)
        {
            while (call.TryNext())
            {
                try
                {
                    var response = await _connections[call.Index].SendAsync(request, session, cancellationToken).ConfigureAwait(false);
                    OnAnswered(call);
                    return response;
                }
                catch (TrackerUnavailableException e)
                {
                    call.ReportUnavailable(e);
                }
                catch (P2PShareException e) when (e is UntrustedTrackerException || e.Code == ErrorCode.NotATracker)
                {
                    call.ReportUnusable(e);
                }
                catch (P2PShareException)
                {
                    OnAnswered(call);
                    throw;
                }
            }

            if (call.NextRound() is not { } delay)
            {
                throw call.Explain();
            }

            await Task.Delay(delay, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }

    private void OnAnswered(FailoverCall call)
    {
        var (moved, skipped) = call.ReportAnswer();
        foreach (var error in skipped)
        {
            TrackerLog.TrackerSkipped(_logger, error.Message);
        }

        if (_connections[call.Index].Proxy is { } proxy && !Interlocked.Exchange(ref _isProxyReported, true))
        {
            TrackerLog.ProxyUsed(_logger, _connections[call.Index].Address.Authority, proxy);
        }

        if (moved)
        {
            TrackerLog.TrackerChanged(_logger, _connections[call.Index].Address.Authority);
            Moved?.Invoke();
        }
    }
}
