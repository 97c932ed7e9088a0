namespace P2PShare.Transfer.Connections;

/// <summary>Writes to a stream and shows whether the network takes what is written. One caller writes at a time.</summary>
internal sealed class WatchedWriter(Stream stream, TimeProvider clock)
{
    /// <summary>The longest that the network may take nothing of a write.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // Odd while a write runs.
    private long _writes;
    private (long Writes, long Steps, long Since) _seen;

    /// <summary>
    /// Whether the network has taken nothing of a write for <see cref="Timeout"/>, as far as the calls of this show: it is called every
    /// few seconds, by one thread.
    /// </summary>
    public bool IsStuck()
    {
        var writes = Volatile.Read(ref _writes);
        var steps = (stream as IWriteProgress)?.WriteSteps ?? 0;
        if (writes % 2 == 0 || (writes, steps) != (_seen.Writes, _seen.Steps))
        {
            _seen = (writes, steps, clock.GetTimestamp());
            return false;
        }

        return clock.GetElapsedTime(_seen.Since) >= Timeout;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _writes, _writes + 1);
        var writing = stream.WriteAsync(bytes, cancellationToken);
        if (!writing.IsCompletedSuccessfully)
        {
            return AwaitAsync(writing);
        }

        Volatile.Write(ref _writes, _writes + 1);
        return writing;
    }

    private async ValueTask AwaitAsync(ValueTask writing)
    {
        await writing.ConfigureAwait(false);
        Volatile.Write(ref _writes, _writes + 1);
    }
}
