using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Checks tickets with the tracker's keys as they were last read. They are read again for a ticket that is not valid, because
/// the tracker changes its keys from time to time, and when they are old, because it may have withdrawn one. Safe for concurrent use.
/// </summary>
/// <param name="validator">Has the keys that were just read.</param>
/// <param name="read">Reads the current keys and makes a validator of them.</param>
/// <param name="clock">Measures the age of the keys.</param>
internal sealed class TicketChecker(TicketValidator validator, Func<Task<TicketValidator>> read, TimeProvider clock)
{
    // A peer that sends invalid tickets cannot make this one ask the tracker more often than this.
    internal static readonly TimeSpan KeysAge = TimeSpan.FromSeconds(30);

    internal static readonly TimeSpan RenewAfter = TimeSpan.FromMinutes(5);

    // While the tracker is unavailable, peers are served by the keys that were read last.
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private volatile TicketValidator _validator = validator;
    private long _readAt = clock.GetTimestamp();
    private Task _reading = Task.CompletedTask;

    /// <inheritdoc cref="TicketValidator.ValidateAsync"/>
    public async ValueTask<(Ticket? Ticket, string? Problem)> ValidateAsync(string token, Hash256 certificateHash)
    {
        if (clock.GetElapsedTime(Interlocked.Read(ref _readAt)) >= RenewAfter)
        {
            await RenewAsync().ConfigureAwait(false);
        }

        var used = _validator;
        var result = await used.ValidateAsync(token, certificateHash).ConfigureAwait(false);
        if (result.Ticket is not null)
        {
            return result;
        }

        // Tickets that arrive while the keys are read wait for the same answer, but not long: other downloads read from the connection.
        await RenewAsync().ConfigureAwait(false);
        return _validator == used ? result : await _validator.ValidateAsync(token, certificateHash).ConfigureAwait(false);
    }

    private async Task RenewAsync()
    {
        try
        {
            await ReadAsync().WaitAsync(Patience, clock).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The next ticket is checked with them.
        }
    }

    private Task ReadAsync()
    {
        lock (_lock)
        {
            if (_reading.IsCompleted && clock.GetElapsedTime(_readAt) >= KeysAge)
            {
                Interlocked.Exchange(ref _readAt, clock.GetTimestamp());
                _reading = ReadCoreAsync();
            }

            return _reading;
        }
    }

    private async Task ReadCoreAsync()
    {
        try
        {
            _validator = await read().ConfigureAwait(false);
        }
        catch (Exception e) when (e is P2PShareException or OperationCanceledException)
        {
            // The old keys stay in use; the next attempt comes later.
        }
    }
}
