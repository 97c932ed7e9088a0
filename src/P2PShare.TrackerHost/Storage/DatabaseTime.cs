namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// The time that decides what has expired: the database's, which all instances share, however wrong their machines' clocks are. Timers are the
/// machine's own. Safe for concurrent use.
/// </summary>
/// <param name="machine">The machine's clock.</param>
internal sealed class DatabaseTime(TimeProvider machine) : TimeProvider
{
    private volatile Reading? _reading;

    /// <summary>How far the machine's clock is ahead of the database's; 0 if they are on one machine.</summary>
    public TimeSpan Skew => _reading is null ? TimeSpan.Zero : machine.GetUtcNow() - GetUtcNow();

    public override long TimestampFrequency => machine.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    // Counted on from the last measurement: a machine's clock that is set right meanwhile changes nothing.
    public override DateTimeOffset GetUtcNow() =>
        _reading is { } reading ? reading.Database + machine.GetElapsedTime(reading.Timestamp) : machine.GetUtcNow();

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Asks the database for its time.</summary>
    /// <exception cref="Protocol.P2PShareException"><see cref="Protocol.ErrorCode.TrackerDatabaseUnavailable"/>.</exception>
    public async Task MeasureAsync(TrackerDatabase database, CancellationToken cancellationToken)
    {
        var asked = machine.GetTimestamp();
        if (await database.ReadTimeAsync(cancellationToken) is { } time)
        {
            var answered = machine.GetTimestamp();
            _reading = new Reading(time + (machine.GetElapsedTime(asked, answered) / 2), answered);
        }
    }

    /// <param name="Database">The database's time when the machine's timestamp was <paramref name="Timestamp"/>.</param>
    private sealed record Reading(DateTimeOffset Database, long Timestamp);
}
