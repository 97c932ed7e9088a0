namespace P2PShare.Transfer.Connections;

/// <summary>
/// Decides whether the next read of a connection should wait until more has arrived. On a line of some megabytes a second every packet would wake a
/// thread of the pool by itself, which then looks for more work before it sleeps again: at 6 MB/s that took half a core or more. Does no I/O itself; for one
/// reader.
/// </summary>
internal sealed class ReadPacing(TimeProvider clock)
{
    /// <summary>How long the next read waits. What waits meanwhile is a fraction of what is asked for ahead.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(4);

    // Less is a message, whose sender waits for the answer; more are several packets.
    private const int LeastPacket = 1024;
    private const int SmallRead = 8 * 1024;

    // Packets in a row, each soon after the one before: a flood of blocks.
    private const int Row = 8;
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    // What arrives in a pause on a line of 1 MB/s, and on one of 16 MB/s, where reads are large by themselves.
    private const int SlowRead = 4 * 1024;
    internal const int LargeRead = 64 * 1024;

    private long _last = clock.GetTimestamp();
    private int _row;

    /// <summary>Whether the next read should wait for <see cref="Pause"/> first.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Takes note of a read that has just ended.</summary>
    /// <param name="length">Bytes that it brought.</param>
    public void Add(int length)
    {
        var now = clock.GetTimestamp();
        var isSoon = clock.GetElapsedTime(_last, now) <= Soon;
        _last = now;
        if (IsOn)
        {
            IsOn = length is >= SlowRead and < LargeRead;
            _row = 0;
            return;
        }

        _row = isSoon && length is >= LeastPacket and < SmallRead ? _row + 1 : 0;
        IsOn = _row >= Row;
    }
}
