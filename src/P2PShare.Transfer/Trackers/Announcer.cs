using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Keeps the tracker told what a peer holds: all of it at first and whenever the tracker has forgotten it, then only
/// what changed, and a sign of life once an interval. What a tracker could not be told is said again, after a pause, to
/// whichever answers.
/// </summary>
/// <param name="onEnded">Told whose access has ended; answers whether this user's own has, so that all has to be announced again.</param>
internal sealed class Announcer(
    TrackerClient tracker,
    Hash256 fingerprint,
    int port,
    Action<Announcement> onRejected,
    Func<IReadOnlyList<Revocation>, bool> onEnded,
    Action<string> onTrackerLost) : IAnnouncer, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    // Of the interval. Peers that started together, or came from a lost tracker together, drift apart.
    private const double LeastInterval = 0.8;

    // Of the interval. Another tracker that answers is told soon that this peer is there, and not by all peers at once.
    private const double MovedWithin = 0.15;

    // Of ten thousand small files each is a change: what comes within this time of the last announce waits for the next one,
    // unless somebody waits for it.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AddressesAge = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Dictionary<(string Group, Hash256 Root), bool> _held = [];
    private readonly Dictionary<(string Group, Hash256 Root), bool?> _changes = [];
    private TaskCompletionSource _announced = NewSignal();
    private TaskCompletionSource _hurry = NewSignal();
    private string[] _ownAddresses = [];
    private TimeSpan _sent;
    private long _addressesFrom = -(long)AddressesAge.TotalMilliseconds - 1;
    private bool _isKnown;
    private bool _isSending;
    private TimeSpan _interval = TimeSpan.FromSeconds(30);

    /// <summary>Adds a holding, or changes whether it is complete.</summary>
    public void Hold(string group, Hash256 root, bool isComplete)
    {
        lock (_lock)
        {
            if (_held.TryGetValue((group, root), out var was) && was == isComplete)
            {
                return;
            }

            _held[(group, root)] = isComplete;
            _changes[(group, root)] = isComplete;
        }

        Wake();
    }

    public void Withdraw(string group, Hash256 root)
    {
        lock (_lock)
        {
            if (!_held.Remove((group, root)))
            {
                return;
            }

            _changes[(group, root)] = null;
        }

        Wake();
    }

    /// <summary>Waits until all that was said so far has been announced.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task announced;
            lock (_lock)
            {
                if (_isKnown && _changes.Count == 0 && !_isSending)
                {
                    return;
                }

                announced = _announced.Task;
                _hurry.TrySetResult();
            }

            await announced.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Another tracker answers now than before: it is told soon.</summary>
    public async void TrackerMoved()
    {
        var moved = TimeSpan.FromMilliseconds(Environment.TickCount64);
        await Task.Delay(_interval * (MovedWithin * Random.Shared.NextDouble())).ConfigureAwait(false);
        if (_sent < moved)
        {
            Wake();
        }
    }

    /// <summary>Announces changes and signs of life until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var backoff = new RetryDelay(FirstRetry, LastRetry);
        while (true)
        {
            var interval = _interval * (LeastInterval + ((1 - LeastInterval) * Random.Shared.NextDouble()));
            await _wake.WaitAsync(interval, cancellationToken).ConfigureAwait(false);
            await GatherAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await AnnounceAsync(cancellationToken).ConfigureAwait(false);
                backoff.Reset();
            }
            catch (P2PShareException e)
            {
                if (backoff.IsFresh)
                {
                    onTrackerLost(e.Message);
                }

                // A tracker that says when it listens again is not asked before.
                var pause = backoff.Next();
                await Task.Delay(e is TooManyAttemptsException { RetryAfter: var after } && after > pause ? after : pause, cancellationToken).ConfigureAwait(false);
                Wake();
            }
        }
    }

    public void Dispose() => _wake.Dispose();

    /// <summary>Announces all that was said so far.</summary>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _isSending = true;
        }

        try
        {
            do
            {
                await AnnounceOnceAsync(cancellationToken).ConfigureAwait(false);
            }
            while (HasMore());
        }
        catch (P2PShareException e)
        {
            Signal(e);
            throw;
        }

        lock (_lock)
        {
            _isSending = false;
        }

        Signal(null);
    }

    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        Task hurry;
        lock (_lock)
        {
            hurry = _hurry.Task;
        }

        var early = _sent + Gathering - TimeSpan.FromMilliseconds(Environment.TickCount64);
        if (early <= TimeSpan.Zero)
        {
            return;
        }

        using var gathering = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(hurry, Task.Delay(early, gathering.Token)).ConfigureAwait(false);
        await gathering.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (_hurry.Task.IsCompleted)
            {
                _hurry = NewSignal();
            }
        }
    }

    private bool HasMore()
    {
        lock (_lock)
        {
            return !_isKnown || _changes.Count > 0;
        }
    }

    private async Task AnnounceOnceAsync(CancellationToken cancellationToken)
    {
        _sent = TimeSpan.FromMilliseconds(Environment.TickCount64);
        var (request, sent) = MakeRequest();
        AnnounceResponse response;
        try
        {
            response = await tracker.AnnounceAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            lock (_lock)
            {
                _isKnown = false;
                _isSending = false;
            }

            throw;
        }

        var isOwnEnded = onEnded(response.Revocations);
        lock (_lock)
        {
            _interval = TimeSpan.FromSeconds(Math.Clamp(response.IntervalSeconds, 1, 3600));
            _isKnown = (response.Known || request.Full) && !isOwnEnded;
            foreach (var (key, isComplete) in sent)
            {
                // Changed again while it was on its way: stays to be said.
                if (_changes.TryGetValue(key, out var now) && now == isComplete)
                {
                    _changes.Remove(key);
                }
            }

            foreach (var rejected in response.Rejected)
            {
                _held.Remove((rejected.Group, rejected.PiecesRoot));
            }
        }

        foreach (var rejected in response.Rejected)
        {
            onRejected(rejected);
        }
    }

    private (AnnounceRequest Request, IReadOnlyList<KeyValuePair<(string Group, Hash256 Root), bool?>> Sent) MakeRequest()
    {
        lock (_lock)
        {
            var isFull = !_isKnown;
            if (isFull)
            {
                // The rest of a long list follows as changes.
                _changes.Clear();
                foreach (var (key, isComplete) in _held)
                {
                    _changes[key] = isComplete;
                }
            }

            var sent = _changes.Take(AnnounceRequest.MaxHoldings).ToArray();
            var request = new AnnounceRequest(
                fingerprint,
                port,
                GetOwnAddresses(),
                isFull,
                [.. sent.Where(change => change.Value is not null).Select(change => new Announcement(change.Key.Group, change.Key.Root, change.Value!.Value))],
                [.. sent.Where(change => change.Value is null).Select(change => new Announcement(change.Key.Group, change.Key.Root, false))]);
            return (request, sent);
        }
    }

    // Asking the system is slow, and the answer changes seldom.
    private string[] GetOwnAddresses()
    {
        var now = Environment.TickCount64;
        if (now - _addressesFrom > AddressesAge.TotalMilliseconds)
        {
            _addressesFrom = now;
            _ownAddresses = AskOwnAddresses();
        }

        return _ownAddresses;
    }

    private static string[] AskOwnAddresses()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                    .SelectMany(card => card.GetIPProperties().UnicastAddresses)
                    .Select(unicast => unicast.Address)
                    .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal
                        && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                    .Select(address => address.ToString())
                    .Distinct()
                    .Take(16),
            ];
        }
        catch (NetworkInformationException)
        {
            // The address that the tracker sees has to do.
            return [];
        }
    }

    private void Signal(Exception? failure)
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
            // Nobody may be waiting, and then nobody has to know.
            _ = announced.Task.Exception;
        }
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // It is about to announce anyway, or never again.
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
