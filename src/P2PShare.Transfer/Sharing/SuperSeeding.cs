using P2PShare.Protocol;
using P2PShare.Transfer.Connections;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// Lets a seed send every piece to one peer before it sends any to a second one (BEP 16). Until its first copy is out, all others
/// wait for the seed, and bytes that it sends twice delay them all. A piece is out when a connected peer reports that it has it; a
/// piece that only a peer had that left is assigned again. Safe for concurrent use.
/// </summary>
internal sealed class SuperSeeding(int pieceCount, TimeProvider clock)
{
    /// <summary>Once every piece is assigned, the longest that slow peers are waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Hash256?[] _assignedTo = new Hash256?[pieceCount];
    private readonly bool[] _isOut = new bool[pieceCount];
    private readonly HashSet<(ISeedChannel Channel, int Piece)> _deferred = [];
    private int _toAssign = pieceCount;
    private int _toComeOut = pieceCount;
    private bool _isOver;

    /// <summary>Whether a peer can have a piece now. If not, <see cref="Defer"/> must be called.</summary>
    public bool TryAssign(ISeedChannel channel, int piece)
    {
        lock (_lock)
        {
            var peer = channel.RemoteFingerprint;
            if (_isOver || _assignedTo[piece] == peer)
            {
                return true;
            }

            if (_assignedTo[piece] is not null)
            {
                return false;
            }

            Assign(piece, peer);
            return true;
        }
    }

    /// <summary>Keeps a piece that was refused, to tell the peer later that it can have it.</summary>
    public void Defer(ISeedChannel channel, int piece)
    {
        lock (_lock)
        {
            if (!_isOver && _assignedTo[piece] is not null)
            {
                _deferred.Add((channel, piece));
                return;
            }
        }

        channel.SendHaves([piece]);
    }

    /// <summary>Counts pieces that a peer reports to have.</summary>
    public void AddHaves(ISeedChannel channel, IEnumerable<int> pieces)
    {
        (ISeedChannel Channel, int Piece)[] released = [];
        lock (_lock)
        {
            foreach (var piece in pieces)
            {
                if (_assignedTo[piece] is null)
                {
                    Assign(piece, channel.RemoteFingerprint);
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

    /// <summary>Unassigns what was assigned to a peer that has left.</summary>
    /// <param name="others">The channels that remain.</param>
    public void Leave(ISeedChannel channel, IReadOnlyCollection<ISeedChannel> others)
    {
        (ISeedChannel Channel, int Piece)[] released;
        lock (_lock)
        {
            _deferred.RemoveWhere(deferred => deferred.Channel == channel);
            var peer = channel.RemoteFingerprint;
            if (others.Any(other => other.RemoteFingerprint == peer))
            {
                return;
            }

            for (var piece = 0; piece < _assignedTo.Length; piece++)
            {
                if (_assignedTo[piece] == peer)
                {
                    Unassign(piece, others);
                }
            }

            released = [.. _deferred.Where(deferred => _assignedTo[deferred.Piece] is null)];
            _deferred.ExceptWith(released);
        }

        Announce(released);
    }

    // Outside the lock: a connection that ends because of it calls Leave.
    private static void Announce((ISeedChannel Channel, int Piece)[] released)
    {
        foreach (var pieces in released.GroupBy(deferred => deferred.Channel, deferred => deferred.Piece))
        {
            pieces.Key.SendHaves(pieces.ToArray());
        }
    }

    private void Assign(int piece, Hash256 peer)
    {
        _assignedTo[piece] = peer;
        if (--_toAssign == 0)
        {
            _ = EndSoonAsync();
        }
    }

    private void Unassign(int piece, IReadOnlyCollection<ISeedChannel> others)
    {
        _assignedTo[piece] = others.FirstOrDefault(other => other.RemoteHas is { } has && has[piece])?.RemoteFingerprint;
        if (_assignedTo[piece] is not null)
        {
            return;
        }

        _isOver = false;
        _toAssign++;
        if (_isOut[piece])
        {
            _isOut[piece] = false;
            _toComeOut++;
        }
    }

    private async Task EndSoonAsync()
    {
        await Task.Delay(Patience, clock).ConfigureAwait(false);
        (ISeedChannel Channel, int Piece)[] released = [];
        lock (_lock)
        {
            if (_toAssign == 0)
            {
                released = End();
            }
        }

        Announce(released);
    }

    // Returns what can be had from now on.
    private (ISeedChannel Channel, int Piece)[] End()
    {
        _isOver = true;
        (ISeedChannel Channel, int Piece)[] released = [.. _deferred];
        _deferred.Clear();
        return released;
    }
}
