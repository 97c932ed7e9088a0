using System.Threading.Channels;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Runs a copy for a cmdlet or a job, and writes what becomes of each target as soon as it is known.</summary>
/// <param name="write">Writes the result of a target.</param>
/// <param name="warn">Writes a warning.</param>
/// <param name="explain">Writes a sentence for who asks for more.</param>
internal sealed class CopyLoop(CopyRequest request, Action<P2PCopyResult> write, Action<string> warn, Action<string> explain, BatchProgress progress) : BatchLoop(progress)
{
    public const int ActivityId = 20700;
    public const string Activity = "Copying files";

    private readonly Channel<string> _warnings = Channel.CreateBounded<string>(new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropWrite });
    private CopyRun? _run;
    private Task _running = Task.CompletedTask;
    private readonly HashSet<string> _finished = [];
    private readonly Dictionary<string, SpeedMeter> _speeds = [];
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
        if (run.Summary is { } summary)
        {
            explain(summary);
        }
    }

    protected override void WriteFinished()
    {
        while (_warnings.Reader.TryRead(out var sentence))
        {
            warn(sentence);
        }

        while (_run!.Results.TryRead(out var result))
        {
            _finished.Add(result.Target);
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
            _failed == 0 ? $"{_finished.Count} of {all.Count} targets" : $"{_finished.Count} of {all.Count} targets, {_failed} failed",
            [.. all.Where(one => !_finished.Contains(one.Name)).Select(one => LineOf(one.Name, one.Status))]);
    }

    private BatchProgress.FileLine LineOf(string name, CopyStatus status)
    {
        if (!_speeds.TryGetValue(name, out var speed))
        {
            _speeds[name] = speed = new SpeedMeter(TimeProvider.System);
        }

        speed.Add(Math.Max(0, status.BytesFetched - speed.Total));
        var bytesPerSecond = speed.BytesPerSecond;
        var left = status.BytesTotal - status.Bytes;
        return new BatchProgress.FileLine(
            name, name, status.Bytes, status.BytesTotal, bytesPerSecond,
            bytesPerSecond > 0 && left > 0 ? TimeSpan.FromSeconds(Math.Min(left / bytesPerSecond, int.MaxValue)) : null, status.State.ToLowerInvariant());
    }
}
