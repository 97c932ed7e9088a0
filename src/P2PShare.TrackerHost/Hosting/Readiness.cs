using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>
/// Whether the tracker can do its work: its database is read from and written to, has the schema that this program needs
/// and a key that signs tickets, and nobody has told it to end. Anybody may ask, so that however many do, it looks once a second.
/// </summary>
internal sealed class Readiness(TrackerDatabase database, IHostApplicationLifetime lifetime, ILogger<Readiness> logger)
{
    /// <summary>How long a look may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Task _look = Task.CompletedTask;
    private long _wasReady = -1;
    private int _saidNotReady;
    private volatile bool _leaving;

    /// <summary>From here on it is not ready.</summary>
    public void Leave() => _leaving = true;

    /// <exception cref="P2PShareException">It is not ready; the message says why.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (_leaving || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new P2PShareException(ErrorCode.TrackerFailed, "The tracker is shutting down: use another one.");
        }

        if (Volatile.Read(ref _wasReady) is >= 0 and var ready && Environment.TickCount64 - ready < LookAgain.TotalMilliseconds)
        {
            return;
        }

        Task look;
        lock (_lock)
        {
            if (_look.IsCompleted)
            {
                _look = Task.Run(LookAsync, CancellationToken.None);
            }

            look = _look;
        }

        try
        {
            await look.WaitAsync(Patience, cancellationToken);
            Interlocked.Exchange(ref _saidNotReady, 0);
        }
        catch (P2PShareException e)
        {
            Say(e, e.Message);
            throw;
        }
        catch (TimeoutException e)
        {
            var message = $"The tracker's database did not answer within {Patience.TotalSeconds} seconds.";
            Say(null, message);
            throw new P2PShareException(ErrorCode.TrackerFailed, message, e);
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var (version, keys) = await database.ReadAsync(
                connection => connection.QuerySingleAsync<(long, long)>(
                    "SELECT (SELECT MAX(version) FROM schema_version) AS Version, (SELECT COUNT(*) FROM ticket_keys) AS Keys"),
                CancellationToken.None);
            if (version < Migrations.Latest)
            {
                throw new P2PShareException(
                    ErrorCode.TrackerFailed,
                    $"The tracker's database has schema version {version}, and {Migrations.Latest} is needed: an older one was restored while the tracker ran. Start it again.");
            }

            if (keys == 0)
            {
                throw new P2PShareException(
                    ErrorCode.TrackerFailed, "The tracker's database has no key that signs tickets: it was emptied while the tracker ran. Start it again.");
            }

            // Changes nothing, but has to reach the disk as every write does: one that is full or read-only shows here.
            await database.WriteSharedAsync(
                connection => connection.ExecuteAsync("UPDATE settings SET value = value WHERE name = 'tracker_id'"), CancellationToken.None);
            Volatile.Write(ref _wasReady, Environment.TickCount64);
        }
        catch (DbException e)
        {
            throw new P2PShareException(ErrorCode.TrackerFailed, "The tracker's database cannot be read and written; the tracker's log says why.", e);
        }
    }

    // Probes come every few seconds: once is enough.
    private void Say(Exception? exception, string reason)
    {
        if (Interlocked.Exchange(ref _saidNotReady, 1) == 0)
        {
            logger.NotReady(exception, reason);
        }
    }
}
