using System.Data.Common;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Support;

/// <summary>
/// A write that a tracker does not commit before it is released. It is released at the latest when this is disposed: otherwise a test that fails before would wait for ever
/// for its tracker to stop. Declare it after the tracker.
/// </summary>
internal sealed class HeldWrite : IAsyncDisposable
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _write;

    private HeldWrite(TrackerDatabase database, IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task> work) => _write = database.WriteAsync(
        locks,
        async connection =>
        {
            await work(connection);
            _begun.TrySetResult();
            await _release.Task;
        },
        CancellationToken.None);

    /// <summary>Returns when the work is done and held.</summary>
    public static async Task<HeldWrite> BeginAsync(TrackerDatabase database, IReadOnlyCollection<WriteLock> locks, Func<DbConnection, Task> work)
    {
        var held = new HeldWrite(database, locks, work);
        await await Task.WhenAny(held._begun.Task, held._write);
        return held;
    }

    /// <summary>Lets it commit, and returns after the commit.</summary>
    public Task ReleaseAsync()
    {
        _release.TrySetResult();
        return _write;
    }

    public async ValueTask DisposeAsync() => await ReleaseAsync();
}
