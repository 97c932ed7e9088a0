using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Asks the tracker who has what. What is asked while a question to the same group is on its way goes together into the
/// next one: many small files cost few questions, and their contents share a ticket.
/// </summary>
internal sealed class SourceLocator(TrackerClient tracker, Hash256 fingerprint, Hash256 certificateHash)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<Hash256, TaskCompletionSource<Sources>>> _waiting = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Who has a content of a group.</summary>
    /// <exception cref="P2PShareException">The tracker's; <see cref="ErrorCode.FileNotFound"/> where the group has no such content.</exception>
    public Task<Sources> FindAsync(string group, Hash256 root, CancellationToken cancellationToken)
    {
        TaskCompletionSource<Sources>? answer;
        lock (_lock)
        {
            if (!_waiting.TryGetValue(group, out var asked))
            {
                _waiting[group] = asked = [];
                _ = AskAsync(group, asked);
            }

            if (!asked.TryGetValue(root, out answer))
            {
                asked[root] = answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        return answer.Task.WaitAsync(cancellationToken);
    }

    private async Task AskAsync(string group, Dictionary<Hash256, TaskCompletionSource<Sources>> waiting)
    {
        // Whoever asks at the same moment comes along.
        await Task.Yield();
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

            await AnswerAsync(group, batch).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(string group, KeyValuePair<Hash256, TaskCompletionSource<Sources>>[] batch)
    {
        try
        {
            var request = new SourcesRequest(fingerprint, certificateHash, [.. batch.Select(asked => asked.Key)]);
            var response = await tracker.GetSourcesAsync(group, request, CancellationToken.None).ConfigureAwait(false);
            var found = response.Contents.ToDictionary(content => content.PiecesRoot, content => content.Peers);
            foreach (var (root, answer) in batch)
            {
                if (found.TryGetValue(root, out var peers))
                {
                    answer.SetResult(new Sources(response.Ticket, peers));
                }
                else
                {
                    answer.SetException(new P2PShareException(
                        ErrorCode.FileNotFound, $"Group '{group}' has this content no longer: its share was stopped, or it was replaced."));
                }
            }
        }
        catch (Exception e)
        {
            foreach (var (_, answer) in batch)
            {
                // Who gave up waiting does not come to see it.
                answer.TrySetException(e);
                _ = answer.Task.Exception;
            }
        }
    }

    /// <param name="Ticket">A JWT for this content, and perhaps others.</param>
    public sealed record Sources(string Ticket, IReadOnlyList<SourcePeer> Peers);
}
