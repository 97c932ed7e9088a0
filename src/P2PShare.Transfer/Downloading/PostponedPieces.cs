using P2PShare.Protocol.Content;
using P2PShare.Transfer.Chunking;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Pieces that wait while local files are searched, because the file that is replaced has little of them at the same offset. What it has most of
/// does not wait: the line has something to do meanwhile. Safe for concurrent use.
/// </summary>
internal sealed class PostponedPieces
{
    // A piece waits if more than one in this number of its blocks would have to come from a peer.
    private const int FewParts = 4;

    private readonly Lock _lock = new();
    private SortedDictionary<int, TreeWalk?>? _pieces = [];

    /// <summary>Keeps a piece until the search has ended.</summary>
    /// <param name="walk">Ended; null if its tree was not walked.</param>
    /// <param name="isAllWanted">Whether it waits for anything that may be found.</param>
    /// <returns>False if it is not worth the wait, or nobody searches any more.</returns>
    public bool TryAdd(int piece, TreeWalk? walk, bool isAllWanted)
    {
        var isWorthIt = isAllWanted || walk?.IsComplete != true || walk.Leaves.Count(LeafSource.Peer) * FewParts > walk.Leaves.Length;
        lock (_lock)
        {
            return isWorthIt && _pieces?.TryAdd(piece, walk) == true;
        }
    }

    /// <summary>Ends the wait.</summary>
    /// <param name="found">What was found; null: nothing.</param>
    /// <returns>The pieces of which blocks were found that would have come from a peer; then the others, with their walks.</returns>
    public (int[] Better, KeyValuePair<int, TreeWalk?>[] Others) End(ContentDescription content, LocalCoverage? found)
    {
        lock (_lock)
        {
            var all = (_pieces ?? []).ToLookup(one => found is not null && IsBetter(content, one.Key, one.Value, found));
            _pieces = null;
            return ([.. all[true].Select(one => one.Key)], [.. all[false]]);
        }
    }

    private static bool IsBetter(ContentDescription content, int piece, TreeWalk? walk, LocalCoverage found)
    {
        var first = (int)((long)piece * content.PieceLength / PieceLength.Block);
        var count = PieceLength.Count(content.PieceSize(piece), PieceLength.Block);
        return Enumerable.Range(0, count).Any(leaf => found.Leaves[first + leaf] && (walk?.IsComplete != true || walk.Leaves[leaf] == LeafSource.Peer));
    }
}
