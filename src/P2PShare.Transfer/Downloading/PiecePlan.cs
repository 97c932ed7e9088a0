using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>Of which blocks of a piece the bytes come from a peer, and how the others are made. It takes a byte a block.</summary>
/// <param name="walk">Complete.</param>
/// <param name="old">Null if nothing comes from it.</param>
internal sealed class PiecePlan(ContentDescription content, TreeWalk walk, IReusedBytes? old)
{
    private readonly LeafSource[] _leaves = walk.Leaves.ToArray();
    private readonly int _length = content.PieceSize(walk.Piece);
    private readonly long _offset = (long)walk.Piece * content.PieceLength;

    public int Piece { get; } = walk.Piece;

    /// <summary>What <see cref="LeafSource.OldFile"/> stands for; null if nothing comes from it.</summary>
    public IReusedBytes? Old => old;

    /// <summary>Bytes that come from the old file.</summary>
    public int BytesReused => Count(LeafSource.OldFile);

    /// <summary>Bytes that are zeros.</summary>
    public int BytesZero => Count(LeafSource.Zero);

    /// <summary>The bytes that come from peers, in steps.</summary>
    /// <param name="most">Bytes in a step: a multiple of the block.</param>
    public IEnumerable<(int Begin, int Length)> GetRequests(int most)
    {
        foreach (var (from, begin, length) in GetRuns().Where(run => run.From == LeafSource.Peer))
        {
            for (var done = 0; done < length; done += most)
            {
                yield return (begin + done, Math.Min(most, length - done));
            }
        }
    }

    /// <summary>Reads and hashes what does not come from peers. What is not as it was makes the piece's hash wrong.</summary>
    /// <param name="piece">The bytes of the piece.</param>
    /// <param name="leaves">One hash a block.</param>
    /// <returns>False if the old file cannot be read any more.</returns>
    public bool TryFill(Span<byte> piece, Span<Protocol.Hash256> leaves)
    {
        try
        {
            foreach (var (from, begin, length) in GetRuns().Where(run => run.From != LeafSource.Peer))
            {
                var bytes = piece.Slice(begin, length);
                if (from == LeafSource.Zero)
                {
                    bytes.Clear();
                }
                else
                {
                    old!.Read(_offset + begin, bytes);
                }

                HashTree.HashBlocks(bytes, leaves[(begin / PieceLength.Block)..]);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Blocks side by side with bytes from the same place, in bytes of the piece: in order, without gaps.</summary>
    public IEnumerable<(LeafSource From, int Begin, int Length)> GetRuns()
    {
        for (var first = 0; first < _leaves.Length;)
        {
            var end = first + 1;
            while (end < _leaves.Length && _leaves[end] == _leaves[first])
            {
                end++;
            }

            var begin = first * PieceLength.Block;
            yield return (_leaves[first], begin, Math.Min(end * PieceLength.Block, _length) - begin);
            first = end;
        }
    }
    private int Count(LeafSource from) => GetRuns().Where(run => run.From == from).Sum(run => run.Length);
}
