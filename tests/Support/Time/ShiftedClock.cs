namespace P2PShare.Support;

/// <summary>A wall clock that a test has moved, and may move again. Elapsed time is not affected.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
}
