using System.Collections.Concurrent;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The connections of a peer server: runs them, closes duplicates, keeps them alive, and ends what is dead, unused or not allowed
/// any more. Safe for concurrent use.
/// </summary>
/// <param name="fingerprint">Of this peer.</param>
internal sealed class ConnectionTable(Hash256 fingerprint, ConnectionContext context)
{
    /// <summary>Bulk connections above which no more are dialled to near peers: each has a thread that is always busy.</summary>
    public static readonly int MaxBulkConnections = 2 * Environment.ProcessorCount;

    /// <summary>Bulk connections to far peers above which no more are dialled to such: threads that wait for a far peer cost little.</summary>
    public const int MaxFarConnections = 16;

    /// <summary>How soon after its handshake a peer that dialled has to show a valid ticket, whatever else it sends.</summary>
    public static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan MaintenanceInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan UnusedAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainStep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan QuietAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<PeerConnection, Task> _connections = new();

    private event Action<PeerConnection>? Added;

    public IEnumerable<PeerConnection> Connections => _connections.Keys;

    public int Count => _connections.Count;

    /// <param name="isFar">Those to far peers, or to near ones.</param>
    public int CountBulk(bool isFar) => _connections.Keys.Count(connection => connection.IsBulk && connection.Path is { IsFar: true } == isFar);

    /// <summary>Blocks and whole contents that peers requested and that are not sent yet.</summary>
    public int WaitingBlocks => _connections.Keys.Sum(connection => connection.WaitingBlocks);

    /// <summary>Contents that peers fetch now.</summary>
    public int ActiveUploads => _connections.Keys.Sum(connection => connection.Channels.Count(channel =>
        channel.BytesUploaded > 0 && channel.RemoteHas is { IsComplete: false }));

    /// <summary>Bytes of pieces sent of contents that are open, by peer.</summary>
    public IReadOnlyDictionary<Hash256, long> GetUploads() => _connections.Keys
        .GroupBy(connection => connection.RemoteFingerprint)
        .ToDictionary(peer => peer.Key, peer => peer.Sum(connection => connection.Channels.Sum(channel => channel.BytesUploaded)));

    /// <summary>The connection to a peer that is not for bulk; null if there is none.</summary>
    public PeerConnection? Find(Hash256 remote) =>
        _connections.Keys.FirstOrDefault(connection => connection.RemoteFingerprint == remote && connection is { IsEnding: false, IsBulk: false });

    /// <summary>Waits until there is a connection to a peer, which is not for bulk.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async Task<PeerConnection> WaitForAsync(Hash256 remote, CancellationToken cancellationToken)
    {
        var found = new TaskCompletionSource<PeerConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        Added += Look;
        try
        {
            return Find(remote) ?? await found.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Added -= Look;
        }

        void Look(PeerConnection added)
        {
            if (added.RemoteFingerprint == remote && added is { IsEnding: false, IsBulk: false })
            {
                found.TrySetResult(added);
            }
        }
    }

    /// <summary>Runs a connection over a stream whose handshake succeeded.</summary>
    /// <param name="stream">Owned from now on.</param>
    /// <param name="isDialled">Whether this side dialled, for itself or because the other one asked for it.</param>
    /// <param name="arrival">Its place, given up when it has ended; null if this side dialled for itself.</param>
    public PeerConnection Run(Stream stream, RemotePeer remote, bool isDialled, bool isBulk = false, Arrival? arrival = null)
    {
        var connection = new PeerConnection(context, stream, remote, isDialled, isBulk, arrival);
        context.Metrics.Connected(isDialled);
        var deadline = isDialled && arrival is null ? null : context.Clock.CreateTimer(_ => EndUngreeted(connection), null, HelloTimeout, Timeout.InfiniteTimeSpan);
        var started = new TaskCompletionSource();
        _connections[connection] = RunAsync();
        started.SetResult();
        CloseDuplicate(connection);
        Added?.Invoke(connection);
        return connection;

        async Task RunAsync()
        {
            await started.Task.ConfigureAwait(false);
            try
            {
                using (deadline)
                {
                    await connection.RunAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                _connections.TryRemove(connection, out _);
                if (arrival is not null)
                {
                    context.Admission.Leave(arrival);
                }
            }
        }
    }

    /// <summary>Keeps connections alive and ends what has to end, until cancelled.</summary>
    public async Task MaintainAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(MaintenanceInterval, context.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                Maintain();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>Keeps connections alive and ends what has to end, once.</summary>
    public void Maintain()
    {
        foreach (var connection in _connections.Keys)
        {
            Maintain(connection);
        }
    }

    /// <summary>Keeps the revocations that the tracker reported, and ends the channels that they concern.</summary>
    /// <returns>What was not known before.</returns>
    public IReadOnlyList<Revocation> Revoke(IReadOnlyList<Revocation> reported)
    {
        var added = context.Access.Add(reported);
        foreach (var connection in added.Count == 0 ? [] : _connections.Keys)
        {
            CloseUnentitled(connection);
        }

        return added;
    }

    /// <summary>Waits until no peer requests any more, or those that are not complete yet have been quiet for a while.</summary>
    /// <param name="grace">The longest that it waits.</param>
    public async Task DrainUploadsAsync(TimeSpan grace)
    {
        var started = context.Clock.GetTimestamp();
        var active = started;
        var sent = context.Metrics.BytesUploaded;
        while (context.Clock.GetElapsedTime(started) < grace
            && (WaitingBlocks > 0 || (ActiveUploads > 0 && context.Clock.GetElapsedTime(active) < QuietAfter)))
        {
            await Task.Delay(DrainStep, context.Clock).ConfigureAwait(false);
            if (context.Metrics.BytesUploaded is var sentNow && sentNow != sent)
            {
                (active, sent) = (context.Clock.GetTimestamp(), sentNow);
            }
        }
    }

    /// <summary>Ends all connections, telling the other sides why.</summary>
    public async Task CloseAsync()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Close(CloseReason.ShuttingDown);
        }

        await Task.WhenAny(Task.WhenAll(_connections.Values), Task.Delay(CloseTimeout, context.Clock)).ConfigureAwait(false);
        foreach (var connection in _connections.Keys)
        {
            connection.Dispose();
        }

        await Task.WhenAll(_connections.Values).ConfigureAwait(false);
        context.Compressor.Dispose();
    }

    private void EndUngreeted(PeerConnection connection)
    {
        // One that was dialled on request may have come in handy for this side.
        if (!connection.IsGreeted && !connection.Channels.Any())
        {
            context.Metrics.Refused("hello");
            context.Logger.HelloMissing(connection.RemoteEndPoint);
            connection.Dispose();
        }
    }

    // Of two peers that dialled each other, both keep the connection that the one with the lesser fingerprint dialled.
    private void CloseDuplicate(PeerConnection connection)
    {
        var twin = _connections.Keys.FirstOrDefault(other => other.RemoteFingerprint == connection.RemoteFingerprint
            && other.IsDialled != connection.IsDialled && !other.IsEnding && !other.IsBulk);
        if (twin is not null && !connection.IsBulk)
        {
            var keepsDialled = string.CompareOrdinal(fingerprint.ToString(), connection.RemoteFingerprint.ToString()) < 0;
            (connection.IsDialled == keepsDialled ? twin : connection).Close(CloseReason.Duplicate);
        }
    }

    private void Maintain(PeerConnection connection)
    {
        var idle = connection.Idle;
        var isUnused = !connection.Channels.Any() && connection.WaitingBlocks == 0 && idle > UnusedAfter;
        var isStuck = connection.IsStuck();
        if (isStuck)
        {
            context.Logger.PeerDoesNotRead(connection.RemoteEndPoint);
        }

        if (idle > DeadAfter || isUnused || isStuck)
        {
            connection.Dispose();
            return;
        }

        if (connection.Channels.Any())
        {
            CloseUnentitled(connection);
            if (idle > KeepAliveAfter)
            {
                connection.SendKeepAlive();
            }
        }
        else if (connection.IsGreeted && !connection.Tickets.HasValid(context.Access.IsRevoked))
        {
            // Whatever it sends, it keeps no place.
            connection.Close(CloseReason.TicketExpired);
        }
    }

    // Channels whose ticket or look-up has expired and was not renewed, or whose user's access was revoked: pieces flow both ways.
    private void CloseUnentitled(PeerConnection connection)
    {
        foreach (var channel in connection.Channels)
        {
            if (channel.Ticket is { } ticket)
            {
                if (context.Access.IsExpired(ticket))
                {
                    connection.Close(channel, CloseReason.TicketExpired);
                }
                else if (context.Access.IsRevoked(ticket))
                {
                    connection.Close(channel, CloseReason.TicketRefused);
                }
            }
            else if (channel.Source is { } source && (context.Access.IsExpired(source) || context.Access.IsRevoked(channel.Group.Id, source)))
            {
                connection.Close(channel, CloseReason.Done);
            }
        }
    }
}
