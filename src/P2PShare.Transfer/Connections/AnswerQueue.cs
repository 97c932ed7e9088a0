using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>What the other side of a connection requested and has not been sent: hashes, then blocks and whole contents. Not safe for concurrent use.</summary>
internal sealed class AnswerQueue
{
    /// <summary>Most requests that wait, for blocks, for hashes and for whole contents each.</summary>
    public const int MaxRequests = 1024;

    private readonly LinkedList<(IBlockSource Source, BlockRange Range)> _blocks = new();
    private readonly LinkedList<(IBlockSource Source, HashRange Range)> _hashes = new();
    private readonly Queue<RequestedContent> _contents = new();
    private bool _hasRejected;

    public int BlockCount => _blocks.Count;

    public int ContentCount => _contents.Count;

    /// <returns>False if too many wait.</returns>
    public bool TryAdd(IBlockSource source, BlockRange range)
    {
        if (_blocks.Count >= MaxRequests)
        {
            _hasRejected = true;
            return false;
        }

        _blocks.AddLast((source, range));
        return true;
    }

    /// <returns>False if too many wait.</returns>
    public bool TryAdd(IBlockSource source, HashRange range)
    {
        if (_hashes.Count >= MaxRequests)
        {
            return false;
        }

        _hashes.AddLast((source, range));
        return true;
    }

    /// <returns>False if too many wait.</returns>
    public bool TryAdd(RequestedContent content)
    {
        if (_contents.Count >= MaxRequests)
        {
            return false;
        }

        _contents.Enqueue(content);
        return true;
    }

    /// <returns>False if no content waits.</returns>
    public bool TryTake(out RequestedContent content) => _contents.TryDequeue(out content);

    /// <summary>Takes what is sent next: hashes, for which whole downloads wait, before blocks.</summary>
    /// <param name="hasRoomAgain">Whether half of the places are free for the first time after a block was rejected.</param>
    /// <returns>False if nothing waits.</returns>
    public bool TryTake(out IBlockSource? source, out BlockRange block, out HashRange? hashes, out bool hasRoomAgain)
    {
        (source, block, hashes) = (null, default, null);
        if (_hashes.First is { } firstHashes)
        {
            (source, hashes) = firstHashes.Value;
            _hashes.RemoveFirst();
        }
        else if (_blocks.First is { } firstBlock)
        {
            (source, block) = firstBlock.Value;
            _blocks.RemoveFirst();
        }

        hasRoomAgain = _hasRejected && _blocks.Count <= MaxRequests / 2;
        _hasRejected &= !hasRoomAgain;
        return source is not null;
    }

    /// <returns>How many blocks were removed.</returns>
    public int RemoveBlocks(BlockRange range) => Remove(_blocks, (_, waiting) => waiting == range);

    /// <summary>Removes all that waits for a channel.</summary>
    public void Remove(IBlockSource source)
    {
        Remove(_blocks, (other, _) => other == source);
        Remove(_hashes, (other, _) => other == source);
    }

    public void Clear()
    {
        _blocks.Clear();
        _hashes.Clear();
        _contents.Clear();
    }

    private static int Remove<T>(LinkedList<(IBlockSource Source, T Range)> waiting, Func<IBlockSource, T, bool> match)
    {
        var removed = 0;
        for (var node = waiting.First; node is not null;)
        {
            var next = node.Next;
            if (match(node.Value.Source, node.Value.Range))
            {
                waiting.Remove(node);
                removed++;
            }

            node = next;
        }

        return removed;
    }
}
