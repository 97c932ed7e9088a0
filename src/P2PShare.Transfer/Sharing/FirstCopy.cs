using P2PShare.Protocol;
using P2PShare.Transfer.Peers;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Lets a seed give every piece to one peer before it gives any to a second one. Until its first copy is out a seed is
/// what all others wait for, and bytes that it sends twice are time that all lose. A piece counts as out when a connected peer
/// has it or was the first to ask for it; what went to a peer that has left, and nobody else has, is to be given again. There
/// is always something to get: a piece that is not out, or, once all are, any. Safe for concurrent use.
/// </summary>
internal sealed class FirstCopy(int pieceCount)
{
    private readonly Lock _lock = new();
    private readonly Hash256?[] _givenTo = new Hash256?[pieceCount];
    private readonly HashSet<(ContentChannel Channel, int Piece)> _heldBack = [];
    private int _left = pieceCount;

    /// <summary>Says whether a peer gets a piece now. Where it does not, <see cref="HoldBack"/> has to be called.</summary>
    public bool TryGive(ContentChannel channel, int piece)
    {
        (ContentChannel Channel, int Piece)[] released;
        lock (_lock)
        {
            if (_left == 0 || _givenTo[piece] == channel.Connection.RemoteFingerprint)
            {
                return true;
            }

            if (_givenTo[piece] is not null)
            {
                return false;
            }

            released = SetGiven(channel, piece);
        }

        Announce(released);
        return true;
    }

    /// <summary>Keeps a piece that was refused, to say later that it can be had.</summary>
    public void HoldBack(ContentChannel channel, int piece)
    {
        lock (_lock)
        {
            if (_left > 0)
            {
                _heldBack.Add((channel, piece));
                return;
            }
        }

        channel.Connection.SendHave(channel, piece);
    }

    /// <summary>Counts pieces that a peer says it has.</summary>
    public void AddHaves(ContentChannel channel, IEnumerable<int> pieces)
    {
        (ContentChannel Channel, int Piece)[] released = [];
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                if (_givenTo[piece] is null)
                {
                    released = SetGiven(channel, piece);
                }
            }
        }

        Announce(released);
    }

    /// <summary>Takes back what went to a peer that has left, and says so to those who were refused it.</summary>
    /// <param name="others">The channels that there still are.</param>
    public void Leave(ContentChannel channel, IReadOnlyCollection<ContentChannel> others)
    {
        var peer = channel.Connection.RemoteFingerprint;
        var released = new List<(ContentChannel Channel, int Piece)>();
        lock (_lock)
        {
            _heldBack.RemoveWhere(held => held.Channel == channel);
            if (others.Any(other => other.Connection.RemoteFingerprint == peer))
            {
                return;
            }

            for (var piece = 0; piece < _givenTo.Length; piece++)
            {
                if (_givenTo[piece] != peer)
                {
                    continue;
                }

                _givenTo[piece] = others.FirstOrDefault(other => other.RemoteHas is { } has && has[piece])?.Connection.RemoteFingerprint;
                if (_givenTo[piece] is null)
                {
                    _left++;
                    released.AddRange(_heldBack.Where(held => held.Piece == piece));
                }
            }

            _heldBack.ExceptWith(released);
        }

        Announce(released);
    }

    // Outside the lock: a connection that ends over it comes back here.
    private static void Announce(IEnumerable<(ContentChannel Channel, int Piece)> released)
    {
        foreach (var (channel, piece) in released)
        {
            channel.Connection.SendHave(channel, piece);
        }
    }

    // What can be had from now on: nothing, or with the last piece all that was held back.
    private (ContentChannel Channel, int Piece)[] SetGiven(ContentChannel channel, int piece)
    {
        _givenTo[piece] = channel.Connection.RemoteFingerprint;
        if (--_left > 0)
        {
            return [];
        }

        (ContentChannel Channel, int Piece)[] released = [.. _heldBack];
        _heldBack.Clear();
        return released;
    }
}
