using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Groups;

/// <summary>A cmdlet that lists what users are in groups: members, peers, join requests.</summary>
/// <typeparam name="T">What is written.</typeparam>
public abstract class GroupListingCmdlet<T> : SessionCmdlet
    where T : notnull
{
    private readonly HashSet<object> _written = [];

    private protected GroupListingCmdlet()
    {
    }

    /// <summary>Names of groups, wildcards allowed; every group that the session's user is in if it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public virtual string[] Group { get; set; } = ["*"];

    /// <summary>Names of users, wildcards allowed; all if it is left out.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public abstract string[] UserName { get; set; }

    protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            List<T> items = [];
            if (await TryAsync(group, () => ListAsync(group, items, cancellationToken)))
            {
                foreach (var user in UserName)
                {
                    Write(items, group, user);
                }
            }
        }
    }

    /// <summary>Whether a pattern may select a group.</summary>
    private protected abstract bool MayList(GroupResponse group);

    private protected abstract Task<IEnumerable<T>> ListAsync(string group, CancellationToken cancellationToken);

    private protected abstract string UserNameOf(T item);

    /// <summary>Two items with equal keys are one, which is written once.</summary>
    private protected abstract object KeyOf(T item);

    /// <summary>The error for a name without wildcards that is not in the list.</summary>
    /// <param name="where">The groups that were listed, as the end of a sentence: <c>'dev'</c>.</param>
    private protected abstract P2PShareException NotFound(string user, string where);

    private async Task ListAsync(string group, List<T> items, CancellationToken cancellationToken)
    {
        foreach (var name in await GroupSelection.FindAsync(CurrentSession, group, MayList, cancellationToken))
        {
            items.AddRange(await ListAsync(name, cancellationToken));
        }
    }

    private void Write(List<T> items, string group, string user)
    {
        var found = NameMatch.Select(items, user, UserNameOf);
        if (found.Count == 0 && !NameMatch.IsPattern(user))
        {
            WriteFault(NotFound(user, NameMatch.IsPattern(group) ? $"any of your groups that match '{group}'" : $"'{group}'"), user);
        }

        foreach (var item in found.Where(item => _written.Add(KeyOf(item))))
        {
            WriteObject(item);
        }
    }
}
