using System.Collections.Concurrent;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Hashes passwords, a few at once, on threads of their own: a rush of logins makes logins wait, and nothing else.
/// </summary>
internal sealed class PasswordWorkers : IDisposable
{
    private readonly BlockingCollection<Action> _waiting;

    public PasswordWorkers(TrackerOptions options)
    {
        _waiting = new BlockingCollection<Action>(options.PasswordQueueLength);
        for (var i = 0; i < options.PasswordHashesAtOnce; i++)
        {
            new Thread(Work) { IsBackground = true, Name = "password worker" }.Start();
        }
    }

    /// <exception cref="TooManyAttemptsException">Too many wait already.</exception>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _waiting.TryAdd(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                // Who asked has gone: no rounds for nobody.
                completion.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                completion.SetResult(work());
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        return queued
            ? await completion.Task
            : throw new TooManyAttemptsException("The tracker is checking too many passwords at the moment. Try again in a few seconds.", TimeSpan.FromSeconds(5));
    }

    public void Dispose() => _waiting.CompleteAdding();

    private void Work()
    {
        foreach (var work in _waiting.GetConsumingEnumerable())
        {
            work();
        }
    }
}
