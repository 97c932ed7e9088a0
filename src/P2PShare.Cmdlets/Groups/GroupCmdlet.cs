using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>A cmdlet that acts on each of the groups that are named.</summary>
public abstract class GroupCmdlet : SessionCmdlet
{
    private protected GroupCmdlet()
    {
    }

    /// <summary>
    /// Names of the groups, wildcards allowed. A pattern selects among the groups on which the command can act; a pattern
    /// that matches none is not an error.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Name { get; set; } = [];

    private protected abstract string Action { get; }

    protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var session = CurrentSession;
        foreach (var name in Name)
        {
            IReadOnlyList<string> groups = [];
            await TryAsync(name, async () => groups = await GroupSelection.FindAsync(session, name, IsMeant, cancellationToken, IsOfMine).ToListAsync(cancellationToken));
            foreach (var group in groups)
            {
                if (ShouldProcess(group, Action))
                {
                    await TryAsync(group, () => ActAsync(group, cancellationToken));
                }
            }
        }
    }

    /// <summary>Leaves or deletes a group; the running peer server stops offering there without a warning.</summary>
    private protected Task LeaveAsync(string group, Func<Task> leave) =>
        CurrentSession.RunningPeerServer is { } running ? running.Server.Shares.LeaveAsync(group, leave) : leave();

    /// <summary>Whether a pattern only selects among groups that the user is in or has asked to join.</summary>
    private protected virtual bool IsOfMine => true;

    /// <summary>Whether a pattern may select it.</summary>
    private protected abstract bool IsMeant(GroupResponse group);

    private protected abstract Task ActAsync(string group, CancellationToken cancellationToken);
}
