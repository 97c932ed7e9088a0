using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>What the console host runs when no person types: the statements of standard input, a file or a text.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "ShellRun")]
public sealed class InvokeShellRun : PSCmdlet
{
    /// <summary>Always empty: its end tells that the host reads no standard input any more.</summary>
    [Parameter(ValueFromPipeline = true)]
    public object? InputObject { get; set; }

    protected override void EndProcessing() => ShellSession.Current.RunAll(Host.SetShouldExit);
}
