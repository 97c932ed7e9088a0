using System.Management.Automation;
using P2PShare.Cmdlets.GroupMembers;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
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
public sealed class GetP2PPeer : SessionCmdlet
{
    private readonly HashSet<(string Group, Hash256 Fingerprint)> _written = [];

    /// <summary>Names of groups, wildcards allowed; every group that the session's user is in where it is left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>Names of the users whose peers to get, wildcards allowed; all where it is left out. A peer that is named twice is written once.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MemberCompleter))]
    public string[] UserName { get; set; } = ["*"];

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            IReadOnlyList<PeerResponse> peers = [];
            if (await TryAsync(group, async () => peers = await ListAsync(group, cancellationToken)))
            {
                foreach (var user in UserName)
                {
                    await TryAsync(user, () => Write(peers, group, user));
                }
            }
        }
    }

    private async Task<IReadOnlyList<PeerResponse>> ListAsync(string group, CancellationToken cancellationToken)
    {
        var peers = new List<PeerResponse>();
        foreach (var name in await GroupSelection.FindAsync(CurrentSession, group, GroupSelection.IsInside, cancellationToken))
        {
            peers.AddRange(await CurrentSession.Client.GetPeersAsync(name, cancellationToken));
        }

        return peers;
    }

    private Task Write(IReadOnlyList<PeerResponse> peers, string group, string user)
    {
        var found = NameMatch.Select(peers, user, peer => peer.UserName);
        if (found.Count == 0 && !NameMatch.IsPattern(user))
        {
            throw new P2PShareException(ErrorCode.PeerNotFound, NameMatch.IsPattern(group)
                ? $"'{user}' has no peer online in those of your groups that match '{group}'."
                : $"'{user}' has no peer online in '{group}'.");
        }

        foreach (var peer in found.Where(peer => _written.Add((peer.Group, peer.Fingerprint))))
        {
            WriteObject(new P2PPeer(peer));
        }

        return Task.CompletedTask;
    }
}
