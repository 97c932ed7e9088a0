using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A disk that does not answer until this is disposed: two calls to it are overdue, so that all others fail at once.</summary>
internal sealed class HangingDisk : IDisposable
{
    private readonly TaskCompletionSource _answers = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HangingDisk()
    {
    }

    /// <param name="path">A file on the disk.</param>
    /// <param name="clock">Advanced until the calls are given up.</param>
    public static async Task<HangingDisk> HangAsync(string path, FakeTimeProvider clock)
    {
        var disk = new HangingDisk();
        await Task.WhenAll(disk.CallAsync(path, clock), disk.CallAsync(path, clock));
        return disk;
    }

    public void Dispose() => _answers.TrySetResult();

    private async Task CallAsync(string path, FakeTimeProvider clock)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = Task.Run(() => DiskCalls.Run(LocalSearch.DiskOf(path), DiskCalls.ReadLimit, clock, () =>
        {
            begun.SetResult();
            _answers.Task.Wait();
            return true;
        }));
        await begun.Task;
        while (!call.IsCompleted)
        {
            await clock.StepAsync(DiskCalls.ReadLimit);
        }

        await Assert.ThrowsAsync<TimeoutException>(() => call);
    }
}
