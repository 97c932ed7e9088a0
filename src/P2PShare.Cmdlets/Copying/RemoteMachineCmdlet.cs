using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Copying;

/// <summary>A cmdlet that uses sessions of PowerShell, and opens them itself if it is given the names of machines.</summary>
public abstract class RemoteMachineCmdlet : AsyncCmdlet
{
    private protected const string PathHostNameSet = "PathHostName";
    private protected const string LiteralPathHostNameSet = "LiteralPathHostName";
    private protected const string PathComputerNameSet = "PathComputerName";
    private protected const string LiteralPathComputerNameSet = "LiteralPathComputerName";

    private protected RemoteMachineCmdlet()
    {
    }

    /// <summary>Machines to copy to over SSH, as New-PSSession -HostName takes them. The sessions are opened for the copy and closed after it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathHostNameSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathHostNameSet)]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>The user to log in as over SSH.</summary>
    [Parameter(ParameterSetName = PathHostNameSet)]
    [Parameter(ParameterSetName = LiteralPathHostNameSet)]
    [ValidateNotNullOrEmpty]
    public string? UserName { get; set; }

    /// <summary>The file of the private key for SSH.</summary>
    [Parameter(ParameterSetName = PathHostNameSet)]
    [Parameter(ParameterSetName = LiteralPathHostNameSet)]
    [Alias("IdentityFilePath")]
    [ValidateNotNullOrEmpty]
    public string? KeyFilePath { get; set; }

    /// <summary>Options of the ssh program, by their names, such as @{ StrictHostKeyChecking = 'yes' }.</summary>
    [Parameter(ParameterSetName = PathHostNameSet)]
    [Parameter(ParameterSetName = LiteralPathHostNameSet)]
    [ValidateNotNullOrEmpty]
    public Hashtable? Options { get; set; }

    /// <summary>Milliseconds that opening a session over SSH may take; -1 is no limit.</summary>
    [Parameter(ParameterSetName = PathHostNameSet)]
    [Parameter(ParameterSetName = LiteralPathHostNameSet)]
    public int ConnectingTimeout { get; set; } = -1;

    /// <summary>The port of the machines' SSH server, or of WinRM.</summary>
    [Parameter(ParameterSetName = PathHostNameSet)]
    [Parameter(ParameterSetName = LiteralPathHostNameSet)]
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    [ValidateRange(1, 65535)]
    public int Port { get; set; }

    /// <summary>Machines to copy to over WinRM, as New-PSSession -ComputerName takes them. The sessions are opened for the copy and closed after it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathComputerNameSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathComputerNameSet)]
    [Alias("Cn")]
    [ValidateNotNullOrEmpty]
    public string[] ComputerName { get; set; } = [];

    /// <summary>The user to log in as over WinRM, with the password.</summary>
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    [ValidateNotNull]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Opens the sessions over WinRM with TLS.</summary>
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    public SwitchParameter UseSSL { get; set; }

    /// <summary>How to log in over WinRM.</summary>
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    public AuthenticationMechanism Authentication { get; set; }

    /// <summary>The endpoint of WinRM to use; PowerShell 7 has those whose names begin with PowerShell.7.</summary>
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    [ValidateNotNullOrEmpty]
    public string? ConfigurationName { get; set; }

    /// <summary>Further options of the sessions over WinRM, from New-PSSessionOption.</summary>
    [Parameter(ParameterSetName = PathComputerNameSet)]
    [Parameter(ParameterSetName = LiteralPathComputerNameSet)]
    [ValidateNotNull]
    public PSSessionOption? SessionOption { get; set; }

    /// <summary>Opens sessions to machines that were named. A machine that cannot be reached is an error, and the others are used.</summary>
    /// <param name="machines">Those of <see cref="HostName"/> or <see cref="ComputerName"/> that are to be used.</param>
    private protected IReadOnlyList<PSSession> OpenSessions(string[] machines)
    {
        var parameters = new Dictionary<string, object>(MyInvocation.BoundParameters) { [HostName.Length > 0 ? nameof(HostName) : nameof(ComputerName)] = machines };
        return Outside(() => SessionOpener.Open(parameters, WriteError));
    }
}
