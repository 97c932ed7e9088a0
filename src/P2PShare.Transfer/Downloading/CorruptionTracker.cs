using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Finds which peers sent wrong blocks. A wrong piece from one sender names it. A wrong piece from several is kept, and when
/// the piece is right at last its blocks are compared with the kept ones. Not safe for concurrent use.
/// </summary>
internal sealed class CorruptionTracker
{
    private readonly Dictionary<int, List<FailedPiece>> _failed = [];

    /// <summary>Whether a piece failed whose wrong sender is not known: one source alone has to fetch it.</summary>
    public bool IsSuspect(int piece) => _failed.ContainsKey(piece);

    /// <summary>Records a piece whose hash was wrong.</summary>
    /// <returns>Its sender if all of it came from one; else none. What came from the old file may be wrong, too.</returns>
    public IReadOnlyList<Hash256> AddFailure(ActivePiece piece)
    {
        Hash256[] senders = [.. piece.Requests.Select(request => request.Sender!.Value).Distinct()];
        if (senders.Length == 1 && piece.Plan is null)
        {
            return senders;
        }

        if (!_failed.TryGetValue(piece.Index, out var failures))
        {
            _failed[piece.Index] = failures = [];
        }

        failures.Add(new FailedPiece(piece));
        return [];
    }

    /// <summary>Compares a right piece with its failures, and drops those.</summary>
    /// <returns>Each peer that sent a wrong block of it, once.</returns>
    public IReadOnlyList<Hash256> FindCorruptSenders(ActivePiece right) =>
        _failed.Remove(right.Index, out var failures)
            ? [.. failures.SelectMany(failure => failure.FindCorruptSenders(right)).Distinct()]
            : [];

    private sealed class FailedPiece(ActivePiece piece)
    {
        private readonly Hash256[] _leaves = piece.Leaves.ToArray();
        private readonly (int Begin, int Length, Hash256 Sender)[] _requests =
            [.. piece.Requests.Select(request => (request.Begin, request.Length, request.Sender!.Value))];

        public List<Hash256> FindCorruptSenders(ActivePiece right)
        {
            var senders = new List<Hash256>();
            foreach (var (begin, length, sender) in _requests)
            {
                var first = begin / PieceLength.Block;
                var count = (length + PieceLength.Block - 1) / PieceLength.Block;
                if (!_leaves.AsSpan(first, count).SequenceEqual(right.Leaves.Slice(first, count)))
                {
                    senders.Add(sender);
                }
            }

            return senders;
        }
    }
}
