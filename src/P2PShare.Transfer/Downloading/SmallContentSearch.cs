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
    private readonly Lock _lock = new();
    private readonly Dictionary<GroupIdentity, Queue<WantedContent>> _waiting = [];

    /// <summary>Looks up a content, and gives it up if that fails.</summary>
    public void Add(WantedContent wanted)
    {
        var group = wanted.Download.Request.Group;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(group, out var waiting))
            {
                _waiting[group] = waiting = new();
                _ = LookUpAsync(group, waiting);
            }

            waiting.Enqueue(wanted);
        }
    }

    private async Task LookUpAsync(GroupIdentity group, Queue<WantedContent> waiting)
    {
        // Downloads that start at the same moment go into the first look-up.
        await Task.Yield();
        while (true)
        {
            var batch = new List<WantedContent>();
            lock (_lock)
            {
                while (batch.Count < SourcesRequest.MaxContents && waiting.TryDequeue(out var content))
                {
                    batch.Add(content);
                }

                if (batch.Count == 0)
                {
                    _waiting.Remove(group);
                    return;
                }
            }

            try
            {
                var found = await find(group, [.. batch.Select(content => content.PiecesRoot).Distinct()], CancellationToken.None).ConfigureAwait(false);
                add(group, batch, found);
            }
            catch (Exception e)
            {
                logger.SmallContentsNotFound(group.Name, e.Message);
                batch.ForEach(content => content.GiveUp());
            }
        }
    }
}
