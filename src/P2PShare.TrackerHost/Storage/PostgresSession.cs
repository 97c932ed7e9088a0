using Dapper;
using Npgsql;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// What a tracker needs of each of its sessions at PostgreSQL: some settings, and that a connection keeps its session. A pooler between them
/// may give a connection another session for each transaction; notifications and prepared statements are then lost.
/// </summary>
internal static class PostgresSession
{
    /// <summary>How long a notification may take.</summary>
    public static readonly TimeSpan NotificationTimeout = TimeSpan.FromSeconds(5);

    // The server ends a statement at its time-out; only a server that does not answer keeps the client waiting for longer.
    private const int ClientPatience = 5;

    /// <summary>The tracker's connections. Each sets its session's settings once: PgBouncer refuses them as parameters of the connection.</summary>
    public static NpgsqlDataSource CreateSource(NpgsqlConnectionStringBuilder settings)
    {
        var sql = Settings(settings);
        var client = new NpgsqlConnectionStringBuilder(settings.ToString());
        client.CommandTimeout = settings.CommandTimeout == 0 ? 0 : settings.CommandTimeout + ClientPatience;
        var builder = new NpgsqlDataSourceBuilder(client.ToString());
        builder.UsePhysicalConnectionInitializer(connection => connection.Execute(sql), connection => connection.ExecuteAsync(sql));
        return builder.Build();
    }

    /// <summary>
    /// Requires that a connection keeps its session: it listens, another one notifies, and nothing is sent meanwhile. A pooler that takes the session
    /// away after a transaction cannot deliver the notification; with a session of its own the connection receives it at once.
    /// </summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>: it does not keep it.</exception>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public static async Task RequireOwnAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken)
    {
        // A keepalive is a statement, too.
        var plain = new NpgsqlConnectionStringBuilder(settings.ToString()) { Pooling = false, KeepAlive = 0, MaxAutoPrepare = 0 };
        await using var source = NpgsqlDataSource.Create(plain);
        await using var listener = await source.OpenConnectionAsync(cancellationToken);
        await using var notifier = await source.OpenConnectionAsync(cancellationToken);
        // Several instances may start at once.
        var channel = $"p2pshare_probe_{Guid.NewGuid():N}";
        await listener.ExecuteAsync($"LISTEN {channel}");
        await notifier.ExecuteAsync($"NOTIFY {channel}");
        if (!await listener.WaitAsync(NotificationTimeout, cancellationToken))
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"The tracker's database '{settings.Database}' on '{settings.Host}' port {settings.Port} delivers no notifications: a pooler in front of it, such as PgBouncer, gives a "
                + "connection another session for each transaction. Set pool_mode = session there for this database, or let ConnectionStrings:Tracker name PostgreSQL itself.");
        }
    }

    private static string Settings(NpgsqlConnectionStringBuilder settings)
    {
        // An instance that is frozen or cut off in the middle of a batch loses the lock after ten seconds.
        var own = $"SET idle_in_transaction_session_timeout = '10s'; SET statement_timeout = '{settings.CommandTimeout}s'";
        // What an index points to is in memory or on a solid-state disk: at PostgreSQL's default price, made for rotating disks, a batch of
        // announces would read all peers. The operator's option wins.
        return settings.Options?.Contains("random_page_cost", StringComparison.OrdinalIgnoreCase) == true ? own : $"{own}; SET random_page_cost = 1.1";
    }
}
