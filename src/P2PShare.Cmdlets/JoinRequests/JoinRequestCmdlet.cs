using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>A cmdlet that answers those who ask to join.</summary>
public abstract class JoinRequestCmdlet : SessionCmdlet
{
    private protected JoinRequestCmdlet()
    {
    }

    /// <summary>The group.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>Names of those who asked.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JoinRequestCompleter))]
    public string[] UserName { get; set; } = [];
}
