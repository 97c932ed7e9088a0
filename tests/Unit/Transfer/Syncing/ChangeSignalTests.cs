using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Unit.Transfer.Syncing;

public sealed class ChangeSignalTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(500);

    // The settle time passes at once, the interval only when a test advances the clock.
    private readonly PauseClock _clock = new();
    private readonly Channel<GroupEvent> _events = Channel.CreateUnbounded<GroupEvent>();

    [Theory]
    [InlineData(GroupEventKind.FileShared)]
    [InlineData(GroupEventKind.FileRemoved)]
    [InlineData(GroupEventKind.MemberRemoved)]
    [InlineData(GroupEventKind.GroupRemoved)]
    public async Task A_change_of_the_files_signals_after_the_settle_time(GroupEventKind kind)
    {
        await using var signal = NewSignal();
        var wait = signal.WaitAsync(CancellationToken.None);
        Assert.False(wait.IsCompleted);

        Publish(kind);
        await wait;

        Assert.Equal([SettleTime], _clock.Pauses);
    }

    [Fact]
    public async Task Changes_that_come_together_are_one_signal()
    {
        for (var i = 0; i < 10; i++)
        {
            Publish(GroupEventKind.FileShared);
        }

        await using var signal = NewSignal();
        await signal.WaitAsync(CancellationToken.None);

        await AssertOnlyTheIntervalSignalsAsync(signal);
    }

    [Fact]
    public async Task A_change_while_the_caller_works_signals_once_more()
    {
        await using var signal = NewSignal();
        var first = signal.WaitAsync(CancellationToken.None);
        Publish(GroupEventKind.FileShared);
        await first;

        Publish(GroupEventKind.FileRemoved);
        await signal.WaitAsync(CancellationToken.None);

        Assert.Equal([SettleTime, SettleTime], _clock.Pauses);
    }

    [Fact]
    public async Task Without_a_change_of_files_only_the_interval_signals()
    {
        Publish(GroupEventKind.JoinRequest);
        await using var signal = NewSignal();

        await AssertOnlyTheIntervalSignalsAsync(signal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_end_of_the_events_signals_once(bool isDisposed)
    {
        _events.Writer.Complete(isDisposed ? new ObjectDisposedException("client") : new P2PShareException(ErrorCode.NotMember, "Removed."));
        await using var signal = NewSignal();

        await signal.WaitAsync(CancellationToken.None);

        await AssertOnlyTheIntervalSignalsAsync(signal);
    }

    [Fact]
    public async Task A_cancelled_wait_throws()
    {
        using var cancelled = new CancellationTokenSource();
        await using var signal = NewSignal();
        var wait = signal.WaitAsync(cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Disposal_ends_the_reading_of_events()
    {
        var ended = new TaskCompletionSource();
        var signal = new ChangeSignal(
            stop =>
            {
                stop.Register(ended.SetResult);
                return _events.Reader.ReadAllAsync(stop);
            },
            Interval, _clock);

        await signal.DisposeAsync();

        Assert.True(ended.Task.IsCompletedSuccessfully);
    }

    private async Task AssertOnlyTheIntervalSignalsAsync(ChangeSignal signal)
    {
        var wait = signal.WaitAsync(CancellationToken.None);
        _clock.Advance(Interval - TimeSpan.FromSeconds(1));
        Assert.False(wait.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await wait;
    }

    private ChangeSignal NewSignal() => new(stop => _events.Reader.ReadAllAsync(stop), Interval, _clock);

    private void Publish(GroupEventKind kind) =>
        Assert.True(_events.Writer.TryWrite(new GroupEvent(1, kind, TestIds.Of("dev"), "dev", "alice", DateTimeOffset.UnixEpoch, "a.txt")));
}
