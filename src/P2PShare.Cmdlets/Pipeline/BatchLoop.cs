namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Drives a batch of the engine's from a cmdlet or a job: writes what has finished, and shows how far the rest is. One caller at
/// a time; a cmdlet uses it on the pipeline thread.
/// </summary>
internal abstract class BatchLoop(BatchProgress progress)
{
    /// <summary>Whether the batch accepts one more.</summary>
    protected abstract bool HasRoom { get; }

    protected abstract bool IsEmpty { get; }

    /// <summary>Waits until everything is finished and written.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        WriteFinished();
        while (!IsEmpty)
        {
            await StepAsync(cancellationToken);
        }

        progress.End();
    }

    /// <summary>Waits until the batch accepts one more. Writes what finished meanwhile, also if there is room at once.</summary>
    protected async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        WriteFinished();
        while (!HasRoom)
        {
            await StepAsync(cancellationToken);
        }
    }

    /// <summary>Writes what has finished and was not written yet.</summary>
    protected abstract void WriteFinished();

    /// <summary>Ends when something has finished.</summary>
    protected abstract Task WaitAsync(CancellationToken cancellationToken);

    protected abstract void Show(BatchProgress progress);

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(WaitAsync(step.Token), progress.TickAsync(step.Token));
        await step.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        WriteFinished();
        if (!IsEmpty && progress.IsDue())
        {
            Show(progress);
        }
    }
}
