using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Pieces whose requests were rejected because too many waited. They are offered again when there is room: the other side takes a
/// reject for not having the piece. Safe for concurrent use.
/// </summary>
internal sealed class RejectedRequests
{
    private const int Max = 1024;

    private readonly Lock _lock = new();
    private readonly HashSet<(ISeedChannel Channel, int Piece)> _pieces = [];

    /// <exception cref="WireException">The other side requests far more than it may.</exception>
    public void Add(ISeedChannel channel, int piece)
    {
        lock (_lock)
        {
            if (_pieces.Count >= Max && !_pieces.Contains((channel, piece)))
            {
                throw new WireException($"Requests for more than {Max} pieces came while {AnswerQueue.MaxRequests} requests waited.");
            }

            _pieces.Add((channel, piece));
        }
    }

    /// <summary>Tells the other side that it can have the pieces.</summary>
    public void OfferAgain()
    {
        (ISeedChannel Channel, int Piece)[] offered;
        lock (_lock)
        {
            offered = [.. _pieces];
            _pieces.Clear();
        }

        foreach (var pieces in offered.GroupBy(one => one.Channel, one => one.Piece))
        {
            pieces.Key.SendHaves(pieces.ToArray());
        }
    }

    public void Remove(ISeedChannel channel)
    {
        lock (_lock)
        {
            _pieces.RemoveWhere(one => one.Channel == channel);
        }
    }
}
