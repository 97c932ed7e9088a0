using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Syncing;

/// <summary>
/// Signals that files of a group may have changed: after an event of the tracker, and at the latest after an interval. A change
/// that happens while the caller works leads to one more signal.
/// </summary>
public sealed class ChangeSignal : IAsyncDisposable
{
    // Many files often come together: events that follow within this time lead to one signal.
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(500);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private readonly Task _reading;

    /// <param name="watch">The group's events. When they end, for whatever reason, only the interval signals.</param>
    public ChangeSignal(Func<CancellationToken, IAsyncEnumerable<GroupEvent>> watch, TimeSpan interval, TimeProvider clock)
    {
        _interval = interval;
        _clock = clock;
        _reading = ReadAsync(watch(_stop.Token));
    }

    /// <summary>Ends when the group's files may have changed.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var interval = new CancellationTokenSource(_interval, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(interval.Token, cancellationToken);
        try
        {
            await _changes.Reader.ReadAsync(either.Token).ConfigureAwait(false);
            await Task.Delay(SettleTime, _clock, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The interval is over.
        }

        // A change during the settle time is part of this signal.
        _changes.Reader.TryRead(out _);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task ReadAsync(IAsyncEnumerable<GroupEvent> events)
    {
        try
        {
            await foreach (var change in events.ConfigureAwait(false))
            {
                if (change.Kind is GroupEventKind.FileShared or GroupEventKind.FileRemoved or GroupEventKind.MemberRemoved or GroupEventKind.MemberLeft or GroupEventKind.GroupRemoved)
                {
                    _changes.Writer.TryWrite(true);
                }
            }
        }
        catch (Exception e) when (e is P2PShareException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller's next pass meets the same fault, and reports it.
            _changes.Writer.TryWrite(true);
        }
    }
}
