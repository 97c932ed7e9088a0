using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>What the other side of a connection requested and has not been sent: hashes of the piece layer, then hashes below it, parts of chunk maps and blocks in turn, and whole contents. Not safe for concurrent use.</summary>
internal sealed class AnswerQueue
{
    /// <summary>Most requests that wait, for blocks, for hashes, for hashes below the piece layer, for parts of chunk maps and for whole contents each.</summary>
    public const int MaxRequests = 1024;

    private readonly LinkedList<(IBlockSource Source, (BlockRange Range, bool AcceptsPacked) Request)> _blocks = new();
    private readonly LinkedList<(IBlockSource Source, HashRange Range)> _hashes = new();
    private readonly Queue<RequestedContent> _contents = new();
    private readonly LinkedList<(IBlockSource Source, TreeRange Range)> _trees = new();
    private readonly LinkedList<(IBlockSource Source, MapRange Range)> _maps = new();
    private bool _hasRejected;
    private bool _isTreeNext;

    public int BlockCount => _blocks.Count;

    public int ContentCount => _contents.Count;

    public int TreeCount => _trees.Count;

    /// <returns>False if too many of its kind wait.</returns>
    public bool TryAdd(in Answer answer)
    {
        if (answer.Hashes is { } hashes)
        {
            return TryAdd(_hashes, (answer.Source, hashes));
        }

        if (answer.Tree is { } tree)
        {
            return TryAdd(_trees, (answer.Source, tree));
        }

        if (answer.Map is { } map)
        {
            return TryAdd(_maps, (answer.Source, map));
        }

        var isAdded = TryAdd(_blocks, (answer.Source, (answer.Block, answer.AcceptsPacked)));
        _hasRejected |= !isAdded;
        return isAdded;
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

    /// <summary>
    /// Takes what is sent next: hashes, for which whole downloads wait, before all else; then trees, which take long to read, or maps, and
    /// blocks in turn.
    /// </summary>
    /// <param name="treesWait">Whether blocks come before all trees.</param>
    /// <param name="hasRoomAgain">Whether half of the places are free for the first time after a block was rejected.</param>
    /// <returns>False if nothing waits.</returns>
    public bool TryTake(bool treesWait, out Answer answer, out bool hasRoomAgain)
    {
        answer = default;
        if (_hashes.First is { Value: var (layer, hashes) })
        {
            answer = new Answer(layer, default, hashes);
            _hashes.RemoveFirst();
        }
        else if (_trees.First is { Value: var (piece, tree) } && ((_isTreeNext && !treesWait) || _blocks.Count == 0))
        {
            answer = new Answer(piece, default, null, tree);
            _trees.RemoveFirst();
            _isTreeNext = false;
        }
        else if (_maps.First is { Value: var (mapped, map) } && (_isTreeNext || _blocks.Count == 0))
        {
            answer = new Answer(mapped, default, Map: map);
            _maps.RemoveFirst();
            _isTreeNext = false;
        }
        else if (_blocks.First is { Value: var (source, (block, acceptsPacked)) })
        {
            answer = new Answer(source, block) { AcceptsPacked = acceptsPacked };
            _blocks.RemoveFirst();
            _isTreeNext = true;
        }

        hasRoomAgain = _hasRejected && _blocks.Count <= MaxRequests / 2;
        _hasRejected &= !hasRoomAgain;
        return answer.Source is not null;
    }

    /// <returns>How many blocks were removed.</returns>
    public int RemoveBlocks(BlockRange range) => Remove(_blocks, (_, waiting) => waiting.Range == range);

    /// <summary>Removes all that waits for a channel.</summary>
    public void Remove(IBlockSource source)
    {
        Remove(_blocks, (other, _) => other == source);
        Remove(_hashes, (other, _) => other == source);
        Remove(_trees, (other, _) => other == source);
        Remove(_maps, (other, _) => other == source);
    }

    public void Clear()
    {
        _blocks.Clear();
        _hashes.Clear();
        _trees.Clear();
        _maps.Clear();
        _contents.Clear();
    }

    private static bool TryAdd<T>(LinkedList<T> waiting, T request)
    {
        if (waiting.Count >= MaxRequests)
        {
            return false;
        }

        waiting.AddLast(request);
        return true;
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
