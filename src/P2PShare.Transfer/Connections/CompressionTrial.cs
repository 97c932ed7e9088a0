namespace P2PShare.Transfer.Connections;

/// <summary>How well the blocks of one channel shrink: after one that did not, the next are sent as they are, twice as many each time. Not safe for concurrent use.</summary>
internal sealed class CompressionTrial
{
    private const int MaxSkipped = 256;

    // What shrinks less is not worth a second buffer and the other side's time.
    private const double MinSaved = 0.125;

    private int _skip;
    private int _skipNext = 1;

    /// <summary>The part of its bytes that a block loses, smoothed; 0 to 1.</summary>
    public double Saved { get; private set; } = 0.5;

    /// <summary>Counts a block that could be compressed.</summary>
    /// <returns>Whether it is one to try.</returns>
    public bool TryTake()
    {
        if (_skip == 0)
        {
            return true;
        }

        _skip--;
        return false;
    }

    /// <summary>Counts what became of a block.</summary>
    /// <returns>Whether it shrank by enough.</returns>
    public bool Report(int plain, int packed)
    {
        var saved = Math.Max(0, 1 - (double)packed / plain);
        Saved += (saved - Saved) / 4;
        if (saved < MinSaved)
        {
            (_skip, _skipNext) = (_skipNext, Math.Min(MaxSkipped, _skipNext * 2));
            return false;
        }

        _skipNext = 1;
        return true;
    }
}
