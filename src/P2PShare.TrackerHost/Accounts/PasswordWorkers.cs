using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// Hashes passwords, a few at once, on threads of their own: a rush of logins delays logins, and nothing else.
/// </summary>
internal sealed class PasswordWorkers : IDisposable
{
    private readonly Channel<Func<Task>> _waiting;

    public PasswordWorkers(AccountOptions options)
    {
        _waiting = Channel.CreateBounded<Func<Task>>(options.PasswordQueueLength);
        for (var i = 0; i < options.PasswordHashesAtOnce; i++)
        {
            _ = Task.Run(WorkAsync);
        }
    }

    /// <summary>Runs <paramref name="work"/>, which hashes with <see cref="HashAsync"/>, when it is its turn.</summary>
    /// <exception cref="TooManyAttemptsException">Too many wait already.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _waiting.Writer.TryWrite(async () =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                // The caller is gone: nobody needs the rounds.
                completion.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                completion.SetResult(await work());
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

    /// <summary>On a thread of its own: rounds of hashing take long, and the thread pool is for short work.</summary>
    public static Task<T> HashAsync<T>(Func<T> rounds) =>
        Task.Factory.StartNew(rounds, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Dispose() => _waiting.Writer.TryComplete();

    private async Task WorkAsync()
    {
        await foreach (var work in _waiting.Reader.ReadAllAsync())
        {
            await work();
        }
    }
}
