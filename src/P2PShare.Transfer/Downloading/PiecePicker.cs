using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Chooses which piece to fetch next: of those that a source has and that are not being fetched, one that the fewest sources
/// have, at random among equals (rarest first: Legout et al., "Rarest First and Choke Algorithms Are Enough", IMC 2006).
/// Not safe for concurrent use.
/// </summary>
internal sealed class PiecePicker
{
    private readonly State[] _states;
    private readonly int[] _availability;
    private readonly Random _random;

    /// <param name="have">The pieces that are verified already.</param>
    /// <param name="random">Breaks ties; with a seed the choices can be repeated.</param>
    public PiecePicker(Bitfield have, Random random)
    {
        _random = random;
        _states = new State[have.Length];
        _availability = new int[have.Length];
        MissingCount = have.Length - have.Count;
        for (var i = 0; i < have.Length; i++)
        {
            _states[i] = have[i] ? State.Have : State.Missing;
        }
    }

    private enum State : byte
    {
        Missing,
        Held,
        Active,
        Have,
    }

    /// <summary>Pieces that are neither verified, being fetched nor held back.</summary>
    public int MissingCount { get; private set; }

    /// <summary>Pieces that are held back, and may have to be fetched later.</summary>
    public int HeldCount { get; private set; }

    /// <summary>Counts what a new source has.</summary>
    public void AddSource(Bitfield has) => Count(has, 1);

    /// <summary>Uncounts what a lost source had.</summary>
    public void RemoveSource(Bitfield has) => Count(has, -1);

    /// <summary>Counts one more piece of a source.</summary>
    public void AddHave(int piece) => _availability[piece]++;

    /// <summary>Uncounts a piece that a source turned out not to have.</summary>
    public void RemoveHave(int piece) => _availability[piece]--;

    /// <summary>Whether the source has a piece that is not verified, being fetched or not.</summary>
    public bool IsInteresting(Bitfield has)
    {
        for (var i = 0; i < _states.Length; i++)
        {
            if (_states[i] != State.Have && has[i])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Chooses a piece that the source has and marks it active.</summary>
    /// <returns>Its index, or -1 if the source has none that is missing.</returns>
    public int Pick(Bitfield has)
    {
        if (MissingCount == 0)
        {
            return -1;
        }

        var chosen = -1;
        var equals = 0;
        for (var i = 0; i < _states.Length; i++)
        {
            if (_states[i] != State.Missing || !has[i] || (chosen >= 0 && _availability[i] > _availability[chosen]))
            {
                continue;
            }

            if (chosen >= 0 && _availability[i] == _availability[chosen])
            {
                // Each of n equals is kept with probability 1/n.
                if (_random.Next(++equals) == 0)
                {
                    chosen = i;
                }
            }
            else
            {
                chosen = i;
                equals = 1;
            }
        }

        if (chosen >= 0)
        {
            _states[chosen] = State.Active;
            MissingCount--;
        }

        return chosen;
    }

    /// <summary>Holds a piece back: it is not picked until it is released.</summary>
    /// <returns>False if it is not missing.</returns>
    public bool TryHold(int piece)
    {
        if (_states[piece] != State.Missing)
        {
            return false;
        }

        _states[piece] = State.Held;
        MissingCount--;
        HeldCount++;
        return true;
    }

    /// <summary>Lets a piece be picked that was held back.</summary>
    /// <returns>False if it is not held back.</returns>
    public bool TryRelease(int piece)
    {
        if (_states[piece] != State.Held)
        {
            return false;
        }

        SetMissing(piece);
        return true;
    }

    /// <summary>Marks a piece as verified.</summary>
    public void SetHave(int piece)
    {
        Uncount(piece);
        _states[piece] = State.Have;
    }

    /// <summary>Marks an active piece as missing, to be picked again.</summary>
    public void SetMissing(int piece)
    {
        Uncount(piece);
        _states[piece] = State.Missing;
        MissingCount++;
    }

    private void Uncount(int piece)
    {
        MissingCount -= _states[piece] == State.Missing ? 1 : 0;
        HeldCount -= _states[piece] == State.Held ? 1 : 0;
    }

    private void Count(Bitfield has, int difference)
    {
        for (var i = 0; i < _availability.Length; i++)
        {
            if (has[i])
            {
                _availability[i] += difference;
            }
        }
    }
}
