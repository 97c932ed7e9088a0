using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Shares files at the tracker. Files that are to be shared with a group while a request of it is on its way go together into the next one. Safe for concurrent use.
/// </summary>
/// <param name="shareOne">Shares one file.</param>
/// <param name="shareMany">Shares at most <see cref="ShareFilesRequest.MaxFiles"/> files.</param>
internal sealed class SharePublisher(
    Func<string, ShareFileRequest, CancellationToken, Task<FileResponse>> shareOne,
    Func<string, IReadOnlyList<ShareFileRequest>, CancellationToken, Task<ShareFilesResponse>> shareMany)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<Waiting>> _waiting = [];

    /// <param name="cancellationToken">A file that has not been sent is not shared. A request ends when nobody waits for one of its files.</param>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public async Task<FileResponse> ShareAsync(string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(request, cancellationToken);
        lock (_lock)
        {
            if (!_waiting.TryGetValue(group, out var queue))
            {
                _waiting[group] = queue = [];
                _ = SendAllAsync(group, queue);
            }

            queue.Enqueue(waiting);
        }

        return await waiting.Outcome.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task SendAllAsync(string group, Queue<Waiting> queue)
    {
        // Files that are shared at the same moment go into the first request, which is not made in a context of the caller's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            var batch = new List<Waiting>();
            lock (_lock)
            {
                while (batch.Count < ShareFilesRequest.MaxFiles && queue.TryDequeue(out var next))
                {
                    if (!next.CancellationToken.IsCancellationRequested)
                    {
                        batch.Add(next);
                    }
                }

                if (batch.Count == 0)
                {
                    _waiting.Remove(group);
                    return;
                }
            }

            await SendAsync(group, batch).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(string group, List<Waiting> batch)
    {
        using var abandoned = new CancellationTokenSource();
        var left = batch.Count;
        var registrations = batch.ConvertAll(waiting => waiting.CancellationToken.UnsafeRegister(
            _ =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    abandoned.Cancel();
                }
            },
            null));
        try
        {
            if (batch is not [var only])
            {
                var response = await shareMany(group, batch.ConvertAll(waiting => waiting.Request), abandoned.Token).ConfigureAwait(false);
                if (response.Outcomes.Count != batch.Count)
                {
                    throw new P2PShareException(ErrorCode.NotATracker, $"The tracker answered with {response.Outcomes.Count} outcomes of {batch.Count} files.");
                }

                foreach (var (waiting, outcome) in batch.Zip(response.Outcomes))
                {
                    waiting.End(outcome);
                }
            }
            else
            {
                only.Outcome.TrySetResult(await shareOne(group, only.Request, abandoned.Token).ConfigureAwait(false));
            }
        }
        catch (Exception e)
        {
            batch.ForEach(waiting => waiting.Fail(e));
        }
        finally
        {
            // Waits for callbacks that run: they use what is disposed of next.
            foreach (var registration in registrations)
            {
                await registration.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private sealed record Waiting(ShareFileRequest Request, CancellationToken CancellationToken)
    {
        public TaskCompletionSource<FileResponse> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void End(ShareFileOutcome outcome)
        {
            if (outcome.File is { } file)
            {
                Outcome.TrySetResult(file);
            }
            else
            {
                Fail(new P2PShareException(outcome.Code ?? ErrorCode.TrackerFailed, outcome.Detail ?? "The tracker did not share the file, and gave no reason."));
            }
        }

        public void Fail(Exception error)
        {
            Outcome.TrySetException(error);
            // Observed here, because a caller that was cancelled does not observe it.
            _ = Outcome.Task.Exception;
        }
    }
}
