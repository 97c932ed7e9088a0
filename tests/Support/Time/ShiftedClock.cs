namespace P2PShare.Support;

/// <summary>A wall clock that somebody has moved, and may move again. Time passes as ever.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;
}
