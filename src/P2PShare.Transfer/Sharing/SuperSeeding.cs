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

    /// <summary>Most refused pieces that are kept for one channel. If there were more, its peer is told of all that it lacks.</summary>
    public const int MaxDeferred = 1024;

    private readonly Lock _lock = new();
    private readonly Hash256?[] _assignedTo = new Hash256?[pieceCount];
    private readonly bool[] _isOut = new bool[pieceCount];
    private readonly Dictionary<ISeedChannel, Deferral> _deferred = [];
    private int _toAssign = pieceCount;
    private int _toComeOut = pieceCount;
    private bool _isOver;

    /// <summary>Refused pieces that are kept, over all channels.</summary>
    public int DeferredCount
    {
        get
        {
            lock (_lock)
            {
                return _deferred.Values.Sum(deferral => deferral.Pieces.Count);
            }
        }
    }

    /// <summary>Whether a peer can have a piece now. If not, <see cref="Defer"/> must be called.</summary>
    public bool TryAssign(ISeedChannel channel, int piece)
    {
        bool isAssigned;
        int[] more;
        lock (_lock)
        {
            isAssigned = CanHave(channel.RemoteFingerprint, piece);
            if (isAssigned && !_isOver && _assignedTo[piece] is null)
            {
                Assign(piece, channel.RemoteFingerprint);
            }

            more = TakeMore(channel);
        }

        Announce([(channel, more)]);
        return isAssigned;
    }

    /// <summary>Keeps a piece that was refused, to tell the peer later that it can have it.</summary>
    public void Defer(ISeedChannel channel, int piece)
    {
        lock (_lock)
        {
            if (!CanHave(channel.RemoteFingerprint, piece))
            {
                if (!_deferred.TryGetValue(channel, out var deferral))
                {
                    _deferred[channel] = deferral = new Deferral { Next = _assignedTo.Length };
                }

                deferral.Add(piece);
                return;
            }
        }

        channel.SendHaves([piece]);
    }

    /// <summary>Counts pieces that a peer reports to have.</summary>
    public void AddHaves(ISeedChannel channel, IEnumerable<int> pieces)
    {
        List<(ISeedChannel Channel, int[] Pieces)> released = [];
        lock (_lock)
        {
            var deferral = _deferred.GetValueOrDefault(channel);
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

                deferral?.Pieces.Remove(piece);
            }

            released.Add((channel, TakeMore(channel)));
            if (_toComeOut == 0 && !_isOver)
            {
                released.AddRange(End());
            }
        }

        Announce(released);
    }

    /// <summary>Unassigns what was assigned to a peer that has left.</summary>
    /// <param name="others">The channels that remain.</param>
    public void Leave(ISeedChannel channel, IReadOnlyCollection<ISeedChannel> others)
    {
        List<(ISeedChannel Channel, int[] Pieces)> released;
        lock (_lock)
        {
            _deferred.Remove(channel);
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

            released = Release();
        }

        Announce(released);
    }

    // Outside the lock: a connection that ends because of it calls Leave.
    private static void Announce(List<(ISeedChannel Channel, int[] Pieces)> released)
    {
        foreach (var (channel, pieces) in released.Where(one => one.Pieces.Length > 0))
        {
            channel.SendHaves(pieces);
        }
    }

    private bool CanHave(Hash256 peer, int piece) => _isOver || _assignedTo[piece] is null || _assignedTo[piece] == peer;

    // Takes out what was refused and can be had now.
    private List<(ISeedChannel Channel, int[] Pieces)> Release()
    {
        var released = new List<(ISeedChannel Channel, int[] Pieces)>();
        foreach (var (channel, deferral) in _deferred.ToArray())
        {
            int[] pieces = [.. deferral.Pieces.Where(piece => CanHave(channel.RemoteFingerprint, piece))];
            deferral.Pieces.ExceptWith(pieces);
            if (deferral.IsCut)
            {
                deferral.Next = 0;
                released.Add((channel, TakeMore(channel)));
                continue;
            }

            released.Add((channel, pieces));
            if (deferral.Pieces.Count == 0)
            {
                _deferred.Remove(channel);
            }
        }

        return released;
    }

    // Some of what the channel can have, if not all that it was refused was kept; more when its peer has requested or received a piece:
    // a peer that reads slowly is not sent a million at once.
    private int[] TakeMore(ISeedChannel channel)
    {
        if (!_deferred.TryGetValue(channel, out var deferral) || deferral.Next == _assignedTo.Length)
        {
            return [];
        }

        var (more, has) = (new List<int>(), channel.RemoteHas);
        for (; deferral.Next < _assignedTo.Length && more.Count < MaxDeferred; deferral.Next++)
        {
            if (CanHave(channel.RemoteFingerprint, deferral.Next) && has?[deferral.Next] != true)
            {
                more.Add(deferral.Next);
            }
        }

        if (_isOver && deferral.Next == _assignedTo.Length)
        {
            _deferred.Remove(channel);
        }

        return [.. more];
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
        List<(ISeedChannel Channel, int[] Pieces)> released = [];
        lock (_lock)
        {
            if (_toAssign == 0 && !_isOver)
            {
                released = End();
            }
        }

        Announce(released);
    }

    // Returns what can be had from now on.
    private List<(ISeedChannel Channel, int[] Pieces)> End()
    {
        _isOver = true;
        return Release();
    }

    /// <summary>What was refused to a channel.</summary>
    private sealed class Deferral
    {
        /// <summary>At most <see cref="MaxDeferred"/>.</summary>
        public HashSet<int> Pieces { get; } = [];

        /// <summary>Whether a piece was refused that is not kept.</summary>
        public bool IsCut { get; private set; }

        /// <summary>If some are not kept: the piece from which on its peer is to be told what it can have; the count of pieces if it was told of all.</summary>
        public required int Next { get; set; }

        public void Add(int piece)
        {
            if (Pieces.Count < MaxDeferred)
            {
                Pieces.Add(piece);
            }
            else
            {
                IsCut |= !Pieces.Contains(piece);
            }
        }
    }
}
