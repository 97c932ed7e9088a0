using System.Management.Automation;
using P2PShare.Cmdlets.Jobs;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Copying;

/// <summary>A copy as a job. Its output is the result of each target.</summary>
public sealed class CopyJob : P2PJob
{
    private readonly CopyLoop _loop;
    private readonly Action _end;
    private int _failures;

    /// <param name="end">Runs at the end, to close what was opened for the copy.</param>
    internal CopyJob(CopyRequest request, bool showsProgress, Action end)
        : base("Copy-P2PItem", "P2PCopy", "P2PCopy")
    {
        _end = end;
        _loop = new CopyLoop(request, Add, AddWarning, AddVerbose, new BatchProgress(CopyLoop.ActivityId, CopyLoop.Activity, showsProgress ? AddProgress : null));
        Location = string.Join(", ", request.Sessions.Select(one => one.Name));
    }

    /// <summary>The targets.</summary>
    public override string Location { get; }

    internal void Start() => Start(RunAsync);

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _loop.RunAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            _end();
        }

        if (_failures > 0)
        {
            SetFailed($"{_failures} of the targets failed; Receive-Job shows why.");
        }
    }

    private void Add(P2PCopyResult result)
    {
        AddOutput(result);
        if (CopyP2PItem.FindFault(result) is { } fault)
        {
            _failures++;
            AddError(Faults.ToErrorRecord(fault, result.Target));
        }
    }
}
