using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Asks the tracker for the sources of contents. Contents of a group that are looked for while a request is on its way go
/// together into the next one: many small files cost few requests, and their contents share a ticket. Safe for concurrent use.
/// </summary>
/// <param name="getRevocationsKnown">How many revocations this side knows.</param>
internal sealed class SourceLocator(TrackerApi tracker, Hash256 fingerprint, Hash256 certificateHash, Func<long> getRevocationsKnown)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<GroupIdentity, Dictionary<Hash256, TaskCompletionSource<Sources>>> _waiting = [];

    /// <summary>Finds the peers that have a content of a group.</summary>
    /// <exception cref="P2PShareException">The tracker's; <see cref="ErrorCode.FileNotFound"/> if the group has no such content.</exception>
    public Task<Sources> FindAsync(GroupIdentity group, Hash256 root, CancellationToken cancellationToken)
    {
        TaskCompletionSource<Sources>? answer;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(group, out var waiting))
            {
                _waiting[group] = waiting = [];
                _ = SendAllAsync(group, waiting);
            }

            if (!waiting.TryGetValue(root, out answer))
            {
                waiting[root] = answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Finds the peers that have contents of a group. A content that the group does not have is left out.</summary>
    /// <param name="roots">1 to <see cref="SourcesRequest.MaxContents"/>.</param>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public async Task<IReadOnlyDictionary<Hash256, Sources>> FindManyAsync(GroupIdentity group, IReadOnlyCollection<Hash256> roots, CancellationToken cancellationToken)
    {
        var request = new SourcesRequest(group.Id, fingerprint, certificateHash, [.. roots]);
        var revocationsKnown = getRevocationsKnown();
        var response = await tracker.GetSourcesAsync(group.Name, request, cancellationToken).ConfigureAwait(false);
        return response.Contents.ToDictionary(
            content => content.PiecesRoot, content => new Sources(response.Ticket, response.TicketExpires, revocationsKnown, content.Peers));
    }

    /// <summary>Gets a ticket for a content of a group.</summary>
    /// <inheritdoc cref="FindAsync" path="/exception"/>
    public async Task<string> FindTicketAsync(GroupIdentity group, Hash256 root, CancellationToken cancellationToken) =>
        (await FindAsync(group, root, cancellationToken).ConfigureAwait(false)).Ticket;

    /// <summary>Lets a source of a content dial this peer.</summary>
    /// <exception cref="P2PShareException">The tracker's.</exception>
    public Task RequestDialAsync(GroupIdentity group, Hash256 root, Hash256 source, CancellationToken cancellationToken) =>
        tracker.RequestDialAsync(group.Name, new DialRequest(group.Id, root, source, fingerprint), cancellationToken);

    private async Task SendAllAsync(GroupIdentity group, Dictionary<Hash256, TaskCompletionSource<Sources>> waiting)
    {
        // Contents that are looked for at the same moment go into the first request, which is not made in a context of the caller's.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            KeyValuePair<Hash256, TaskCompletionSource<Sources>>[] batch;
            lock (_lock)
            {
                batch = [.. waiting.Take(SourcesRequest.MaxContents)];
                foreach (var (root, _) in batch)
                {
                    waiting.Remove(root);
                }

                if (batch.Length == 0)
                {
                    _waiting.Remove(group);
                    return;
                }
            }

            await SendAsync(group, batch).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(GroupIdentity group, KeyValuePair<Hash256, TaskCompletionSource<Sources>>[] batch)
    {
        try
        {
            var found = await FindManyAsync(group, [.. batch.Select(item => item.Key)], CancellationToken.None).ConfigureAwait(false);
            foreach (var (root, answer) in batch)
            {
                if (found.TryGetValue(root, out var sources))
                {
                    answer.SetResult(sources);
                }
                else
                {
                    Fail(answer, new P2PShareException(
                        ErrorCode.FileNotFound, $"Group '{group}' does not have this content any more: its share was stopped, or it was replaced."));
                }
            }
        }
        catch (Exception e)
        {
            foreach (var (_, answer) in batch)
            {
                Fail(answer, e);
            }
        }
    }

    private static void Fail(TaskCompletionSource<Sources> answer, Exception error)
    {
        answer.TrySetException(error);
        // Observed here, because a caller that was cancelled does not observe it.
        _ = answer.Task.Exception;
    }

    /// <param name="Ticket">A JWT for this content, and perhaps others.</param>
    /// <param name="Expires">The ticket.</param>
    /// <param name="RevocationsKnown">As <see cref="ListedSource.RevocationsKnown"/>.</param>
    public sealed record Sources(string Ticket, DateTimeOffset Expires, long RevocationsKnown, IReadOnlyList<SourcePeer> Peers)
    {
        public ListedSource Of(SourcePeer peer) => new(peer.UserId, peer.SessionId, Expires, RevocationsKnown);

        public bool Has(Hash256 fingerprint)
        {
            foreach (var peer in Peers)
            {
                if (peer.Fingerprint == fingerprint)
                {
                    return true;
                }
            }

            return false;
        }

        /// <returns>Null if it does not name the peer.</returns>
        public ListedSource? Find(Hash256 fingerprint) => Peers.FirstOrDefault(peer => peer.Fingerprint == fingerprint) is { } peer ? Of(peer) : null;
    }
}
