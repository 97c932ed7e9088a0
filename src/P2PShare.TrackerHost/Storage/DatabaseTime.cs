namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// The time that decides what has expired: the database's, which all instances share, however wrong their machines' clocks are. Timers are the
/// machine's own. Safe for concurrent use.
/// </summary>
/// <param name="machine">The machine's clock.</param>
internal sealed class DatabaseTime(TimeProvider machine) : TimeProvider
{
    // Less cannot be told from the time that the answer took.
    private static readonly TimeSpan Negligible = TimeSpan.FromMilliseconds(500);

    private long _skew;

    /// <summary>How far the machine's clock is ahead of the database's at the last measurement; 0 if they are on one machine.</summary>
    public TimeSpan Skew => TimeSpan.FromTicks(Interlocked.Read(ref _skew));

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => machine.GetUtcNow() - Skew;

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Asks the database for its time.</summary>
    /// <exception cref="Protocol.P2PShareException"><see cref="Protocol.ErrorCode.TrackerDatabaseUnavailable"/>.</exception>
    public async Task MeasureAsync(TrackerDatabase database, CancellationToken cancellationToken)
    {
        var before = machine.GetUtcNow();
        if (await database.ReadTimeAsync(cancellationToken) is { } time)
        {
            var skew = before + ((machine.GetUtcNow() - before) / 2) - time;
            Interlocked.Exchange(ref _skew, skew.Duration() < Negligible ? 0 : skew.Ticks);
        }
    }
}
