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

    // Otherwise no item can come twice, and nothing has to be remembered.
    private bool MayRepeat => MyInvocation.ExpectingInput || Group.Length > 1;

    protected sealed override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            await TryAsync(group, () => WriteAsync(group, cancellationToken));
        }
    }

    /// <summary>Whether a pattern may select a group.</summary>
    private protected abstract bool MayList(GroupResponse group);

    /// <param name="prefix">How the names of users begin.</param>
    private protected abstract IAsyncEnumerable<T> ListAsync(string group, string prefix, CancellationToken cancellationToken);

    private protected abstract string UserNameOf(T item);

    /// <summary>Two items with equal keys are one, which is written once.</summary>
    private protected abstract object KeyOf(T item);

    /// <summary>The error for a name without wildcards that is not in the list.</summary>
    /// <param name="where">The groups that were listed, as the end of a sentence: <c>'dev'</c>.</param>
    private protected abstract P2PShareException NotFound(string user, string where);

    private async Task WriteAsync(string group, CancellationToken cancellationToken)
    {
        var missing = UserName.Where(user => !NameMatch.IsPattern(user)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var matchers = UserName.Select(NameMatch.Matcher).ToList();
        // The tracker looks for one prefix.
        var prefix = UserName is [var only] ? NameMatch.Prefix(only) : "";
        await foreach (var name in GroupSelection.FindAsync(CurrentSession, group, MayList, cancellationToken))
        {
            await foreach (var item in ListAsync(name, prefix, cancellationToken))
            {
                var user = UserNameOf(item);
                missing.Remove(user);
                if (matchers.Exists(isMatch => isMatch(user)) && (!MayRepeat || _written.Add(KeyOf(item))))
                {
                    WriteObject(item);
                }
            }
        }

        foreach (var user in UserName.Where(missing.Contains))
        {
            WriteFault(NotFound(user, NameMatch.IsPattern(group) ? $"any of your groups that match '{group}'" : $"'{group}'"), user);
        }
    }
}
