using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Groups;

/// <summary>Gets the tracker's groups.</summary>
[Cmdlet(VerbsCommon.Get, "P2PGroup")]
[OutputType(typeof(P2PGroup))]
public sealed class GetP2PGroup : SessionCmdlet
{
    /// <summary>Names, wildcards allowed; all where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Group")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Name { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var all = await CurrentSession.Client.GetGroupsAsync(cancellationToken);
        foreach (var name in Name)
        {
            await TryAsync(name, () =>
            {
                var found = NameMatch.Select(all, name, group => group.Name);
                if (found.Count == 0 && !NameMatch.IsPattern(name))
                {
                    throw new P2PShareException(ErrorCode.GroupNotFound, $"There is no group '{name}'. Get-P2PGroup lists the groups.");
                }

                foreach (var group in found.OrderBy(group => group.Name, StringComparer.OrdinalIgnoreCase))
                {
                    WriteObject(new P2PGroup(group));
                }

                return Task.CompletedTask;
            });
        }
    }
}
