using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Asks the tracker which peers have contents of a group. A content that the group does not have is left out.</summary>
/// <exception cref="P2PShareException">The tracker's.</exception>
internal delegate Task<IReadOnlyDictionary<Hash256, SourceLocator.Sources>> FindManySources(
    GroupIdentity group, IReadOnlyCollection<Hash256> piecesRoots, CancellationToken cancellationToken);

/// <summary>Looks up the sources of small contents: those of a group together, one request at a time. Safe for concurrent use.</summary>
/// <param name="add">Receives contents that were looked up, and what was found.</param>
internal sealed class SmallContentSearch(
    FindManySources find, Action<GroupIdentity, IReadOnlyList<WantedContent>, IReadOnlyDictionary<Hash256, SourceLocator.Sources>> add, ILogger logger)
{
    private readonly GroupBatches<GroupIdentity, WantedContent> _waiting = new(SourcesRequest.MaxContents, (group, batch) => LookUpAsync(find, add, logger, group, batch));

    /// <summary>Looks up a content, and gives it up if that fails.</summary>
    public void Add(WantedContent wanted) => _waiting.Add(wanted.Download.Request.Group, wanted);

    private static async Task LookUpAsync(
        FindManySources find,
        Action<GroupIdentity, IReadOnlyList<WantedContent>, IReadOnlyDictionary<Hash256, SourceLocator.Sources>> add,
        ILogger logger,
        GroupIdentity group,
        List<WantedContent> batch)
    {
        try
        {
            add(group, batch, await find(group, [.. batch.Select(content => content.PiecesRoot).Distinct()], CancellationToken.None).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            logger.SmallContentsNotFound(group.Name, e.Message);
            batch.ForEach(content => content.GiveUp());
        }
    }
}
