using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.JoinRequests;

/// <summary>Gets the requests to join groups that the session's user owns or manages.</summary>
/// <remarks>
/// <para>Only a group's owner and its managers can list its requests: the name of another group is the error NotOwner, and a
/// pattern selects only among groups that the user owns or manages. Pipe requests to Approve-P2PJoinRequest or
/// Deny-P2PJoinRequest.</para>
/// </remarks>
/// <example>
/// <code>Get-P2PJoinRequest</code>
/// <para>Lists all requests that are not answered yet.</para>
/// </example>
/// <example>
/// <code>Get-P2PJoinRequest builds | Where-Object UserName -in (Get-Content ./team.txt) | Approve-P2PJoinRequest</code>
/// <para>Approves the requests of users who are named in a file.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PJoinRequest")]
[OutputType(typeof(P2PJoinRequest))]
public sealed class GetP2PJoinRequest : GroupListingCmdlet<P2PJoinRequest>
{
    /// <summary>Names of groups, wildcards allowed; every group that the session's user owns or manages if it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public override string[] Group { get; set; } = ["*"];

    /// <summary>
    /// Names of the users who ask to join, wildcards allowed; all if it is left out. A request that is named twice is written
    /// once.
    /// </summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JoinRequestCompleter))]
    public override string[] UserName { get; set; } = ["*"];

    private protected override bool MayList(GroupResponse group) => GroupSelection.IsManaged(group);

    private protected override IAsyncEnumerable<P2PJoinRequest> ListAsync(string group, string prefix, CancellationToken cancellationToken) =>
        CurrentSession.Client.ListJoinRequestsAsync(group, new ListQuery(prefix), cancellationToken).Select(request => new P2PJoinRequest(request));

    private protected override string UserNameOf(P2PJoinRequest item) => item.UserName;

    private protected override object KeyOf(P2PJoinRequest item) => (item.Group, item.UserName);

    private protected override P2PShareException NotFound(string user, string where) =>
        new(ErrorCode.JoinRequestNotFound, $"'{user}' does not ask to join {where}.");
}
