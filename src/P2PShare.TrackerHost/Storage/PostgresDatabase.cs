using System.Data;
using System.Data.Common;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Dapper;
using Npgsql;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Storage;

/// <summary>A PostgreSQL database that any number of instances share.</summary>
internal sealed partial class PostgresDatabase : TrackerDatabase
{
    // Only has to differ from what other programs lock in this database.
    internal const long LockKey = 0x50325053686172; // "P2PShar"
    private const string WrittenChannel = "p2pshare_written";
    private const string MessageChannel = "p2pshare_message";

    // Of FileName.Key.
    private static readonly Lazy<(string From, string To)> CasedCharacters = new(() =>
    {
        var cased = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(code => new Rune(code)).Where(character => FileName.Key(character) != character).ToList();
        return (string.Concat(cased), string.Concat(cased.Select(FileName.Key)));
    });

    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(1);

    // Bounds the notifications per second under a storm of writes.
    private static readonly TimeSpan TellInterval = TimeSpan.FromMilliseconds(20);

    private readonly NpgsqlDataSource _source;
    private readonly int _timeout;
    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<bool> _written = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private Task _listening = Task.CompletedTask;
    private Task _telling = Task.CompletedTask;

    private PostgresDatabase(NpgsqlConnectionStringBuilder settings, TimeProvider clock)
        : base(clock)
    {
        _source = PostgresSession.CreateSource(settings);
        _timeout = settings.CommandTimeout;
    }

    /// <summary>Connects, and brings the schema up to date.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidConfiguration"/>, or <see cref="ErrorCode.TrackerDatabaseUnavailable"/> if it cannot be reached.
    /// </exception>
    public static async Task<TrackerDatabase> OpenAsync(string? connectionString, TimeProvider clock, Action<string> report, CancellationToken cancellationToken)
    {
        var settings = Read(connectionString);
        var database = new PostgresDatabase(settings, clock);
        try
        {
            await PostgresSession.RequireOwnAsync(settings, cancellationToken);
            await using (var connection = await database.OpenReaderAsync(cancellationToken))
            {
                await Migrations.ApplyAsync(database, connection, clock, report, cancellationToken);
            }

            database._listening = Task.Run(database.ListenAsync, CancellationToken.None);
            database._telling = Task.Run(database.TellAllAsync, CancellationToken.None);
            return database;
        }
        catch (Exception e)
        {
            await database.DisposeAsync();
            if (e is NpgsqlException)
            {
                throw Unusable(settings, e);
            }

            throw;
        }
    }

    // Setting a savepoint travels with the next statement; a release would be a round trip of its own for each write.
    internal override bool ReleasesSavepoints => false;

    public override Task<DateTimeOffset?> ReadTimeAsync(CancellationToken cancellationToken) => ReadAsync<DateTimeOffset?>(
        async connection => new DateTimeOffset(await connection.ExecuteScalarAsync<DateTime>("SELECT clock_timestamp()"), TimeSpan.Zero), cancellationToken);

    // Nothing of it has to be on disk: a commit with a notification would otherwise wait for a flush.
    public override Task PublishAsync(IReadOnlyList<string> messages) => ReadAsync(
        connection => connection.ExecuteAsync(
            $"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{MessageChannel}', message) FROM unnest(@messages) AS message",
            new { messages = messages.ToArray() }),
        CancellationToken.None);

    internal override Task<DbConnection> OpenWriterAsync() => OpenReaderAsync(CancellationToken.None);

    // Locks of a transaction cannot outlive a writer. The first one is a migration's, which all writers share. The server takes the others in the
    // order of the array.
    internal override Task LockAsync(DbConnection connection, IReadOnlyCollection<WriteLock> locks, bool isPresence) => connection.ExecuteAsync(
        isPresence ? $"SELECT pg_advisory_xact_lock_shared({LockKey}); SET LOCAL synchronous_commit = off"
        : locks.Count == 0 ? $"SELECT pg_advisory_xact_lock_shared({LockKey})"
        : $"SELECT pg_advisory_xact_lock_shared({LockKey}); {WriteLock.TakeAll}",
        new { keys = locks.Select(one => one.Key).ToArray() });

    // In a transaction of their own: the server lets one transaction with a notification commit at a time.
    protected override void TellOthers() => _written.Writer.TryWrite(true);

    internal override Task CompleteMigrationAsync(DbConnection connection) => SequenceNumbers.ContinueNumbersAsync(connection);

    internal override async Task<DbTransaction> BeginMigrationAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(
                $"SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({LockKey})", commandTimeout: 0, cancellationToken: cancellationToken));
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    internal override Task SetTimeoutAsync(DbConnection connection, TimeSpan? timeout) =>
        connection.ExecuteAsync($"SET LOCAL statement_timeout = {(long)(timeout ?? TimeSpan.FromSeconds(_timeout)).TotalMilliseconds}");

    // Bytes decide the order, as in SQLite, whatever locale the database was created for.
    internal override string Translate(string migration) => TextType().Replace(
        NameKeyCall().Replace(migration, call => $"translate({call.Groups[1].ValueSpan}, '{CasedCharacters.Value.From}', '{CasedCharacters.Value.To}')")
            .Replace("--postgres ", "", StringComparison.Ordinal)
            .Replace("INTEGER PRIMARY KEY", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", StringComparison.Ordinal)
            .Replace(RandomUuid, "gen_random_uuid()::text", StringComparison.Ordinal),
        """TEXT COLLATE "C" """);

    // What a row refers to may be deleted by another instance between the check and the insertion.
    internal override WriteFault FaultOf(Exception e) => e switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => WriteFault.Full,
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable } => WriteFault.TimedOut,
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.ForeignKeyViolation } => WriteFault.Conflict,
        // Connections, authorization, a database that is gone, resources; shut down, starting or idle for too long; a standby.
        PostgresException { SqlState: var state } => state[..2] is "08" or "28" or "3D" or "53"
            || state is "57P01" or "57P02" or "57P03" or "57P05" or "25P03" or "25006" or "55000"
            ? WriteFault.Unavailable
            : WriteFault.OneWrite,
        NpgsqlException => WriteFault.Unavailable,
        _ => WriteFault.OneWrite,
    };

    // What is still not there the last time was never there: that is a fault, and not a busy database.
    internal override Exception OnConflict(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation } ? e : base.OnConflict(e);

    protected override async Task<DbConnection> OpenReaderAsync(CancellationToken cancellationToken) =>
        await _source.OpenConnectionAsync(cancellationToken);

    internal override void CloseIdle() => _source.Clear();

    protected override ValueTask<DbTransaction> BeginSnapshotAsync(DbConnection connection) =>
        connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);

    protected override async ValueTask CloseAsync()
    {
        if (_closing.IsCancellationRequested)
        {
            return;
        }

        await _closing.CancelAsync();
        await _listening;
        await _telling;
        await _source.DisposeAsync();
        _closing.Dispose();
    }

    /// <summary>The operator's settings, completed with those that suit a tracker.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidConfiguration"/>.</exception>
    internal static NpgsqlConnectionStringBuilder Read(string? connectionString)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
            settings = new NpgsqlConnectionStringBuilder(connectionString);
            void Suggest(string keyword, int value)
            {
                if (!given.ContainsKey(keyword))
                {
                    settings[keyword] = value;
                }
            }

            Suggest("Timeout", 5);
            Suggest("Command Timeout", 15);
            // All instances together have to stay below the server's max_connections.
            Suggest("Maximum Pool Size", 20);
            Suggest("Max Auto Prepare", 100);
            Suggest("Auto Prepare Min Usages", 2);
            Suggest("Keepalive", 15);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            // The exception is left out: if a quote is missing, it names a part of the password.
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                "ConnectionStrings:Tracker cannot be read: 'Host=…;Database=…;Username=…;Password=…' was expected, with quotes around a value that has ';' or '=' in it.");
        }

        if (string.IsNullOrEmpty(settings.Host))
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                "Tracker:Database is postgres, but ConnectionStrings:Tracker names no host: 'Host=…;Database=…;Username=…;Password=…' was expected, best in the environment as ConnectionStrings__Tracker.");
        }

        settings.ApplicationName ??= "p2pshare";
        // No statement changes a session in a way that matters to the connection's next user.
        settings.NoResetOnClose = true;
        return settings;
    }

    /// <summary>The error about a database that cannot be used: which one and why, without the password.</summary>
    internal static P2PShareException Unusable(NpgsqlConnectionStringBuilder settings, Exception e) => new(
        ErrorCode.TrackerDatabaseUnavailable,
        $"The tracker's database '{settings.Database}' on '{settings.Host}' port {settings.Port} cannot be used: {OneLine(e)}. Check ConnectionStrings:Tracker, and that PostgreSQL runs.",
        e);

    private static string OneLine(Exception e)
    {
        var message = e is PostgresException postgres ? postgres.MessageText : e.InnerException is { } inner ? $"{e.Message}: {inner.Message}" : e.Message;
        return string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
    }

    [GeneratedRegex(@"\bTEXT\b")]
    private static partial Regex TextType();

    [GeneratedRegex($@"\b{NameKey}\((\w+)\)")]
    private static partial Regex NameKeyCall();

    private void OnNotification(NpgsqlNotificationEventArgs notification)
    {
        if (notification.Channel == MessageChannel)
        {
            OnMessage(notification.Payload);
        }
        else
        {
            OnWritten();
        }
    }

    private async Task TellAllAsync()
    {
        try
        {
            while (await _written.Reader.WaitToReadAsync(_closing.Token))
            {
                _written.Reader.TryRead(out _);
                try
                {
                    await using var connection = await _source.OpenConnectionAsync(_closing.Token);
                    await connection.ExecuteAsync($"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{WrittenChannel}', '')");
                }
                catch (NpgsqlException)
                {
                    // The other instances look each second, too.
                }

                await Task.Delay(TellInterval, Clock, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ListenAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(_closing.Token);
                connection.Notification += (_, notification) => OnNotification(notification);
                await connection.ExecuteAsync($"LISTEN {WrittenChannel}; LISTEN {MessageChannel}");
                // No notification comes for what was written before this moment.
                OnWritten();
                while (true)
                {
                    await connection.WaitAsync(_closing.Token);
                }
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
            {
                // Requests report that the database is unavailable.
                await Task.Delay(ReconnectAfter, Clock, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
