using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The trees of the pieces that peers asked for last, of all connections: a receiver asks for a piece's tree in several steps, and
/// others that update the same file ask for the same. Safe for concurrent use.
/// </summary>
/// <param name="maxBytes">Most bytes of hashes that it keeps; one tree may be larger.</param>
internal sealed class TreeCache(long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(Hash256 PiecesRoot, int Piece), LinkedListNode<((Hash256, int) Key, PieceTree Tree)>> _trees = [];
    // The one that was used last is first.
    private readonly LinkedList<((Hash256, int) Key, PieceTree Tree)> _used = new();
    private long _bytes;

    /// <summary>Bytes of hashes that it keeps.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public PieceTree? Find(Hash256 piecesRoot, int piece)
    {
        lock (_lock)
        {
            if (!_trees.TryGetValue((piecesRoot, piece), out var node))
            {
                return null;
            }

            _used.Remove(node);
            _used.AddFirst(node);
            return node.Value.Tree;
        }
    }

    /// <param name="tree">Checked against the piece's hash.</param>
    public void Add(Hash256 piecesRoot, int piece, PieceTree tree)
    {
        lock (_lock)
        {
            if (_trees.ContainsKey((piecesRoot, piece)))
            {
                return;
            }

            _trees[(piecesRoot, piece)] = _used.AddFirst(((piecesRoot, piece), tree));
            _bytes += tree.Size;
            while (_bytes > maxBytes && _used.Count > 1)
            {
                var (key, oldest) = _used.Last!.Value;
                _used.RemoveLast();
                _trees.Remove(key);
                _bytes -= oldest.Size;
            }
        }
    }
}
