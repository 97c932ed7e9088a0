using System.Diagnostics.CodeAnalysis;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Passed to make a file or give it its name. The file system does one of these at a time in a folder; a thread that tries
/// meanwhile waits in the kernel and burns a core. Safe for concurrent use.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has nothing to release: its wait handle is never used.")]
internal sealed class FolderGate
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Runs <paramref name="work"/> when no other work runs.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>, before it was begun.</exception>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return work();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action work, CancellationToken cancellationToken) => RunAsync(
        () =>
        {
            work();
            return true;
        },
        cancellationToken);
}
