using System.Management.Automation;
using P2PShare.Cmdlets.GroupMembers;
using P2PShare.Cmdlets.Groups;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Peers;

/// <summary>Gets the peers that are online and offer something in groups.</summary>
/// <remarks>
/// A peer is a running peer server or a download under way, on one machine of one user; one's own count. It is listed in each
/// group that it has a file of, or a part of a file, and no longer once it has not announced itself for a while. Only members of a
/// group are told of its peers. Wildcards select among the groups that the session's user is in and among the users: one that
/// matches nothing is no error, a name without wildcards that has no peer online is one.
/// </remarks>
/// <example>
/// <code>Get-P2PPeer dev</code>
/// <para>Lists who is online in the group dev, where they are, and how many files they have.</para>
/// </example>
/// <example>
/// <code>Get-P2PPeer -UserName bob | Format-List</code>
/// <para>Shows all about bob's peers in every group that one shares with bob.</para>
/// </example>
/// <example>
/// <code>Get-P2PGroup build* | Get-P2PPeer | Where-Object Complete -gt 0 | Group-Object Group -NoElement</code>
/// <para>Counts for each of the build groups the peers that have whole files.</para>
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

    private protected override async Task<IEnumerable<P2PPeer>> ListAsync(string group, CancellationToken cancellationToken) =>
        (await CurrentSession.Client.GetPeersAsync(group, cancellationToken)).Select(peer => new P2PPeer(peer));

    private protected override string UserNameOf(P2PPeer item) => item.UserName;

    private protected override object KeyOf(P2PPeer item) => (item.Group, item.Fingerprint);

    private protected override P2PShareException NotFound(string user, string where) =>
        new(ErrorCode.PeerNotFound, $"'{user}' has no peer online in {where}.");
}
