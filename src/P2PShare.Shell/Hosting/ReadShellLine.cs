using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>Reads a line that a person types, and returns the PowerShell that the console host is to run.</summary>
[Cmdlet(VerbsCommunications.Read, "ShellLine")]
public sealed class ReadShellLine : PSCmdlet
{
    protected override void EndProcessing()
    {
        var session = ShellSession.Current;
        WriteObject(session.Prepare() ? session.Prompt.ReadStatement() : "exit 1");
    }
}
