using P2PShare.Protocol;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Lets a seed give every piece to one peer before it gives any to a second one. Until its first copy is out a seed is
/// what all others wait for, and bytes that it sends twice are time that all lose. A piece is out when a connected peer says
/// that it has it; what went to a peer that has left, and nobody else has, is to be given again. Safe for concurrent use.
/// </summary>
internal sealed class SuperSeeding(int pieceCount)
{
    // Once every piece was given to somebody, those who are slow to get theirs are waited for no longer than this.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Hash256?[] _givenTo = new Hash256?[pieceCount];
    private readonly bool[] _isOut = new bool[pieceCount];
    private readonly HashSet<(ContentChannel Channel, int Piece)> _heldBack = [];
    private int _toGive = pieceCount;
    private int _toComeOut = pieceCount;
    private bool _isOver;

    /// <summary>Says whether a peer gets a piece now. Where it does not, <see cref="HoldBack"/> has to be called.</summary>
    public bool TryGive(ContentChannel channel, int piece)
    {
        lock (_lock)
        {
            var peer = channel.Connection.RemoteFingerprint;
            if (_isOver || _givenTo[piece] == peer)
            {
                return true;
            }

            if (_givenTo[piece] is not null)
            {
                return false;
            }

            SetGiven(piece, peer);
            return true;
        }
    }

    /// <summary>Keeps a piece that was refused, to say later that it can be had.</summary>
    public void HoldBack(ContentChannel channel, int piece)
    {
        lock (_lock)
        {
            if (!_isOver && _givenTo[piece] is not null)
            {
                _heldBack.Add((channel, piece));
                return;
            }
        }

        channel.Connection.SendHaves(channel, [piece]);
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
                    SetGiven(piece, channel.Connection.RemoteFingerprint);
                }

                if (!_isOut[piece])
                {
                    _isOut[piece] = true;
                    _toComeOut--;
                }
            }

            if (_toComeOut == 0)
            {
                released = End();
            }
        }

        Announce(released);
    }

    /// <summary>Takes back what went to a peer that has left.</summary>
    /// <param name="others">The channels that there still are.</param>
    public void Leave(ContentChannel channel, IReadOnlyCollection<ContentChannel> others)
    {
        (ContentChannel Channel, int Piece)[] released;
        lock (_lock)
        {
            _heldBack.RemoveWhere(held => held.Channel == channel);
            var peer = channel.Connection.RemoteFingerprint;
            if (others.Any(other => other.Connection.RemoteFingerprint == peer))
            {
                return;
            }

            for (var piece = 0; piece < _givenTo.Length; piece++)
            {
                if (_givenTo[piece] == peer)
                {
                    TakeBack(piece, others);
                }
            }

            released = [.. _heldBack.Where(held => _givenTo[held.Piece] is null)];
            _heldBack.ExceptWith(released);
        }

        Announce(released);
    }

    // Outside the lock: a connection that ends over it comes back here.
    private static void Announce((ContentChannel Channel, int Piece)[] released)
    {
        foreach (var pieces in released.GroupBy(held => held.Channel, held => held.Piece))
        {
            pieces.Key.Connection.SendHaves(pieces.Key, pieces.ToArray());
        }
    }

    private void SetGiven(int piece, Hash256 peer)
    {
        _givenTo[piece] = peer;
        if (--_toGive == 0)
        {
            _ = EndSoonAsync();
        }
    }

    private void TakeBack(int piece, IReadOnlyCollection<ContentChannel> others)
    {
        _givenTo[piece] = others.FirstOrDefault(other => other.RemoteHas is { } has && has[piece])?.Connection.RemoteFingerprint;
        if (_givenTo[piece] is not null)
        {
            return;
        }

        _isOver = false;
        _toGive++;
        if (_isOut[piece])
        {
            _isOut[piece] = false;
            _toComeOut++;
        }
    }

    private async Task EndSoonAsync()
    {
        await Task.Delay(Patience).ConfigureAwait(false);
        (ContentChannel Channel, int Piece)[] released = [];
        lock (_lock)
        {
            if (_toGive == 0)
            {
                released = End();
            }
        }

        Announce(released);
    }

    // What can be had from now on.
    private (ContentChannel Channel, int Piece)[] End()
    {
        _isOver = true;
        (ContentChannel Channel, int Piece)[] released = [.. _heldBack];
        _heldBack.Clear();
        return released;
    }
}
