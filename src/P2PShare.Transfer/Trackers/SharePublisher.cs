using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Shares files at the tracker. Files that are to be shared with a group while a request of it is on its way go together into the next one. Safe for concurrent use.
/// </summary>
internal sealed class SharePublisher
{
    private readonly Func<string, ShareFileRequest, CancellationToken, Task<FileResponse>> _shareOne;
    private readonly Func<string, IReadOnlyList<ShareFileRequest>, CancellationToken, Task<ShareFilesResponse>> _shareMany;
    private readonly GroupBatches<string, Waiting> _waiting;

    /// <param name="shareOne">Shares one file.</param>
    /// <param name="shareMany">Shares at most <see cref="ShareFilesRequest.MaxFiles"/> files.</param>
    public SharePublisher(
        Func<string, ShareFileRequest, CancellationToken, Task<FileResponse>> shareOne,
        Func<string, IReadOnlyList<ShareFileRequest>, CancellationToken, Task<ShareFilesResponse>> shareMany)
    {
        (_shareOne, _shareMany) = (shareOne, shareMany);
        _waiting = new GroupBatches<string, Waiting>(ShareFilesRequest.MaxFiles, SendWaitedForAsync);
    }

    /// <param name="cancellationToken">A file that has not been sent is not shared. A request ends when no caller waits for one of its files.</param>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public async Task<FileResponse> ShareAsync(string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(request, cancellationToken);
        _waiting.Add(group, waiting);
        return await waiting.Outcome.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task SendWaitedForAsync(string group, List<Waiting> batch)
    {
        batch.RemoveAll(waiting => waiting.CancellationToken.IsCancellationRequested);
        return batch.Count == 0 ? Task.CompletedTask : SendAsync(group, batch);
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
                var response = await _shareMany(group, batch.ConvertAll(waiting => waiting.Request), abandoned.Token).ConfigureAwait(false);
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
                only.Outcome.TrySetResult(await _shareOne(group, only.Request, abandoned.Token).ConfigureAwait(false));
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
