using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Downloading;

/// <summary>The small contents whose sources are known and that are not requested, in their order. Not safe for concurrent use.</summary>
internal sealed class WantedContents
{
    private readonly LinkedList<WantedContent> _contents = new();

    public int Count => _contents.Count;

    public void AddFirst(WantedContent content) => _contents.AddFirst(content);

    public void AddLast(WantedContent content) => _contents.AddLast(content);

    /// <summary>Removes contents that no source can send, and those that have ended.</summary>
    /// <param name="sources">Peers that are connected, or being connected to.</param>
    /// <returns>Contents that have to be fetched in the ordinary way.</returns>
    public IReadOnlyList<WantedContent> RemoveHopeless(IReadOnlyCollection<Hash256> sources)
    {
        var hopeless = new List<WantedContent>();
        for (var node = _contents.First; node is not null;)
        {
            var (content, next) = (node.Value, node.Next);
            if (content.Done.IsCompleted)
            {
                _contents.Remove(node);
            }
            else if (content.HasLimit || !CanComeFromAny(content, sources))
            {
                _contents.Remove(node);
                hopeless.Add(content);
            }

            node = next;
        }

        return hopeless;
    }

    /// <summary>Removes contents whose tickets expire, which have to be looked up again.</summary>
    public IReadOnlyList<WantedContent> RemoveExpired(DateTimeOffset until)
    {
        var expired = new List<WantedContent>();
        for (var node = _contents.First; node is not null;)
        {
            var (content, next) = (node.Value, node.Next);
            if (content.Sources?.Expires <= until)
            {
                _contents.Remove(node);
                expired.Add(content);
            }

            node = next;
        }

        return expired;
    }

    /// <summary>Takes contents that one message can ask for: of one ticket.</summary>
    /// <param name="most">Most contents.</param>
    /// <param name="mostBytes">Most bytes of them; one content may be longer.</param>
    public List<WantedContent> Take(SmallContentSource source, int most, int mostBytes)
    {
        var taken = new List<WantedContent>();
        var bytes = 0L;
        for (var node = _contents.First; node is not null && taken.Count < Math.Min(most, GetMessage.MaxContents);)
        {
            var (content, next) = (node.Value, node.Next);
            if ((taken.Count == 0 || taken[0].Sources!.Ticket == content.Sources!.Ticket) && content.CanComeFrom(source.Fingerprint))
            {
                if (taken.Count > 0 && bytes + content.Size > mostBytes)
                {
                    break;
                }

                if (source.TryAdd(content))
                {
                    _contents.Remove(node);
                    taken.Add(content);
                    bytes += content.Size;
                }
            }

            node = next;
        }

        return taken;
    }

    private static bool CanComeFromAny(WantedContent content, IReadOnlyCollection<Hash256> sources)
    {
        foreach (var source in sources)
        {
            if (content.CanComeFrom(source))
            {
                return true;
            }
        }

        return false;
    }
}
