using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>A cmdlet that answers join requests.</summary>
public abstract class JoinRequestCmdlet : SessionCmdlet
{
    private protected JoinRequestCmdlet()
    {
    }

    /// <summary>The group that the users asked to join. Only its owner and its managers can answer.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>
    /// Names of the users, wildcards allowed. A pattern selects among the users whose requests are not answered yet; a pattern
    /// that matches none is not an error.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("UserName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JoinRequestCompleter))]
    public string[] UserName { get; set; } = [];

    private protected abstract string Action { get; }

    protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var user in UserName)
        {
            IReadOnlyList<string> asking = [user];
            if (NameMatch.IsPattern(user))
            {
                asking = [];
                await TryAsync(user, async () => asking = [.. (await FindAsync(user, cancellationToken)).Select(request => request.UserName)]);
            }

            foreach (var name in asking)
            {
                if (ShouldProcess($"{name} in group {Group}", Action))
                {
                    await TryAsync(name, () => AnswerAsync(name, cancellationToken));
                }
            }
        }
    }

    private protected abstract Task AnswerAsync(string user, CancellationToken cancellationToken);

    private protected async Task<IReadOnlyList<JoinRequestResponse>> FindAsync(string user, CancellationToken cancellationToken) => NameMatch.Select(
        await CurrentSession.Client.ListJoinRequestsAsync(Group!, new ListQuery(NameMatch.Prefix(user)), cancellationToken).ToListAsync(cancellationToken), user, request => request.UserName);
}
