using System.Management.Automation;
using PSSession = System.Management.Automation.Runspaces.PSSession;

namespace P2PShare.Cmdlets.Copying;

/// <summary>Opens sessions by New-PSSession, with those of its parameters that a cmdlet was given. To be called on the pipeline thread.</summary>
internal static class SessionOpener
{
    /// <summary>The parameters that are passed on.</summary>
    public static readonly string[] Parameters =
    [
        "HostName", "UserName", "Port", "KeyFilePath", "Options", "ConnectingTimeout",
        "ComputerName", "Credential", "UseSSL", "Authentication", "ConfigurationName", "SessionOption",
    ];

    /// <param name="bound">The cmdlet's own parameters.</param>
    /// <param name="fail">Receives an error for each machine to which no session could be opened.</param>
    public static IReadOnlyList<PSSession> Open(IReadOnlyDictionary<string, object> bound, Action<ErrorRecord> fail)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Microsoft.PowerShell.Core\\New-PSSession");
        foreach (var name in Parameters.Where(bound.ContainsKey))
        {
            shell.AddParameter(name, bound[name]);
        }

        var opened = shell.Invoke<PSSession>();
        foreach (var error in shell.Streams.Error)
        {
            fail(error);
        }

        return opened;
    }

    /// <summary>Closes sessions. On any thread.</summary>
    public static void Close(IEnumerable<PSSession> sessions)
    {
        foreach (var session in sessions)
        {
            session.Runspace.Dispose();
        }
    }
}
