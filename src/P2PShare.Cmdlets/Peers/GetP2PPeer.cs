using System.Management.Automation;
using P2PShare.Cmdlets.GroupMembers;
using P2PShare.Cmdlets.Groups;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Peers;

/// <summary>Gets the peers that are online and offer something in groups.</summary>
/// <remarks>
/// A peer is a running peer server on one machine of one user; the user's own peers are included. It is listed in each group of
/// which it has a file, or a part of one, until it has not announced itself for a while. Only members of a group can list its
/// peers. Wildcards select among the groups that the session's user is in and among the users. A pattern that matches nothing is
/// not an error; a name without wildcards of a user who has no peer online is one.
/// </remarks>
/// <example>
/// <code>Get-P2PPeer dev</code>
/// <para>Lists the peers that are online in the group dev, with their addresses and the number of files that they have.</para>
/// </example>
/// <example>
/// <code>Get-P2PPeer -UserName bob | Format-List</code>
/// <para>Shows all properties of bob's peers in every group that the user has in common with bob.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup build* | Get-P2PPeer | Where-Object Complete -gt 0 | Group-Object Group -NoElement</code>
/// <para>Counts for each of the build groups the peers that have complete files.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "P2PPeer")]
[OutputType(typeof(P2PPeer))]
public sealed class GetP2PPeer : GroupListingCmdlet<P2PPeer>
{
    /// <summary>Names of the users whose peers to get, wildcards allowed; all if it is left out. A peer that is named twice is written once.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public override string[] UserName { get; set; } = ["*"];

    private protected override bool MayList(GroupResponse group) => GroupSelection.IsInside(group);

    private protected override IAsyncEnumerable<P2PPeer> ListAsync(string group, string prefix, CancellationToken cancellationToken) =>
        CurrentSession.Client.ListPeersAsync(group, new ListQuery(prefix), cancellationToken).Select(peer => new P2PPeer(peer));

    private protected override string UserNameOf(P2PPeer item) => item.UserName;

    private protected override object KeyOf(P2PPeer item) => (item.Group, item.Fingerprint);

    private protected override P2PShareException NotFound(string user, string where) =>
        new(ErrorCode.PeerNotFound, $"'{user}' has no peer online in {where}.");
}
