using System.Threading.Channels;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Runs a copy for a cmdlet or a job, and writes what becomes of each target as soon as it is known.</summary>
/// <param name="write">Writes the result of a target.</param>
/// <param name="warn">Writes a warning.</param>
internal sealed class CopyLoop(CopyRequest request, Action<P2PCopyResult> write, Action<string> warn, BatchProgress progress) : BatchLoop(progress)
{
    public const int ActivityId = 20700;
    public const string Activity = "Copying files";

    private readonly Channel<string> _warnings = Channel.CreateBounded<string>(new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropWrite });
    private CopyRun? _run;
    private Task _running = Task.CompletedTask;
    private int _finished;
    private int _failed;

    protected override bool HasRoom => true;

    protected override bool IsEmpty => _running.IsCompleted && _run?.Results.Count is null or 0;

    /// <summary>Copies, and returns when all targets have ended.</summary>
    /// <exception cref="P2PShareException">Nothing could be copied at all.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var run = _run = new CopyRun(request, sentence => _warnings.Writer.TryWrite(sentence));
        _running = Task.Run(() => run.RunAsync(cancellationToken), CancellationToken.None);
        try
        {
            await DrainAsync(cancellationToken);
        }
        finally
        {
            // After Ctrl+C it ends what it has started.
            await ((Task)_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        await _running;
    }

    protected override void WriteFinished()
    {
        while (_warnings.Reader.TryRead(out var sentence))
        {
            warn(sentence);
        }

        while (_run!.Results.TryRead(out var result))
        {
            _finished++;
            _failed += result.State == P2PCopyState.Failed ? 1 : 0;
            write(result);
        }
    }

    protected override Task WaitAsync(CancellationToken cancellationToken) =>
        _run!.Results.Completion.IsCompleted ? _running.WaitAsync(cancellationToken) : Task.WhenAny(_run.Results.WaitToReadAsync(cancellationToken).AsTask(), _running);

    protected override void Show(BatchProgress progress)
    {
        var all = _run!.Targets.Select(target => (target.Name, target.Status)).ToList();
        progress.Show(
            all.Sum(one => one.Status.Bytes), all.Sum(one => one.Status.BytesTotal), all.Sum(one => one.Status.BytesFetched),
            _failed == 0 ? $"{_finished} of {all.Count} targets" : $"{_finished} of {all.Count} targets, {_failed} failed",
            [.. all.Where(one => one.Status.State != CopyStatus.Failed).Select(one => new BatchProgress.FileLine(
                one.Name, one.Name, one.Status.Bytes, one.Status.BytesTotal, 0, null, one.Status.State.ToLowerInvariant()))]);
    }
}
