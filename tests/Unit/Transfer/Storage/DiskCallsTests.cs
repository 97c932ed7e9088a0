using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class DiskCallsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly string _disk = Guid.NewGuid().ToString();

    [Fact]
    public void A_call_returns_its_result_and_its_error()
    {
        Assert.Equal(3, Run(() => 3));
        Assert.Equal("no", Assert.Throws<IOException>(() => Run<int>(() => throw new IOException("no"))).Message);
    }

    [Fact]
    public async Task A_call_that_does_not_return_is_given_up_and_what_it_returns_later_is_disposed()
    {
        using var returns = new ManualResetEventSlim();
        var late = new Late();
        var call = Hang(returns, late);

        await Assert.ThrowsAsync<TimeoutException>(() => call);
        Assert.False(late.IsDisposed.Task.IsCompleted);

        returns.Set();
        await late.IsDisposed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_disk_at_which_two_calls_hang_fails_at_once_until_one_returns_and_others_work()
    {
        using var returns = new ManualResetEventSlim();
        var (first, second) = (new Late(), new Late());
        await Assert.ThrowsAsync<TimeoutException>(() => Hang(returns, first));
        Assert.Equal(1, Run(() => 1));
        await Assert.ThrowsAsync<TimeoutException>(() => Hang(returns, second));

        Assert.Throws<TimeoutException>(() => Run(() => 1));
        Assert.Equal(2, DiskCalls.Run(Guid.NewGuid().ToString(), Limit, _clock, () => 2));

        returns.Set();
        await first.IsDisposed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await second.IsDisposed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, Run(() => 1));
    }

    private T Run<T>(Func<T> call) => DiskCalls.Run(_disk, Limit, _clock, call);

    private async Task Hang(ManualResetEventSlim returns, Late late)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = Task.Run(() => Run(() =>
        {
            begun.SetResult();
            returns.Wait();
            return late;
        }));
        await begun.Task;
        while (!call.IsCompleted)
        {
            // The caller makes its timer after the call has begun.
            _clock.Advance(Limit);
            await Task.Yield();
        }

        await call;
    }

    private sealed class Late : IDisposable
    {
        public TaskCompletionSource IsDisposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => IsDisposed.TrySetResult();
    }
}
