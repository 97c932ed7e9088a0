using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Checks tickets with the tracker's keys as they were last read. They are read anew for a ticket that does not count,
/// because the tracker changes its keys from time to time, and when they are old, because it may have taken one back.
/// </summary>
/// <param name="validator">With the keys that were just read.</param>
/// <param name="read">Makes one with the keys of now.</param>
/// <param name="clock">Tells how old the keys are.</param>
internal sealed class TicketChecker(TicketValidator validator, Func<Task<TicketValidator>> read, TimeProvider clock)
{
    // Whoever sends tickets that do not count makes this peer ask the tracker no more often.
    internal static readonly TimeSpan KeysAge = TimeSpan.FromSeconds(30);

    internal static readonly TimeSpan RenewAfter = TimeSpan.FromMinutes(5);

    // Peers are served by the keys that there are while the tracker is away.
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

        // Those that come while the keys are read wait for the same answer.
        await ReadAsync().ConfigureAwait(false);
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
            // They are there for the next ticket.
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
            // The keys that there are stay, and it is tried again later.
        }
    }
}
