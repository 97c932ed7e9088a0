using System.Data.Common;
using Dapper;
using Npgsql;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Numbers of events, revocations and histories of names. A reader that knows all up to a number misses none before it, whichever instance wrote it.
/// SQLite has one writer, and a counter. In PostgreSQL a counter would make every write of every instance wait for the last one, so a number is the
/// transaction's id, which grows, and a place within the transaction: readers stop below the oldest transaction that still runs
/// (<c>pg_snapshot_xmin</c>), whose numbers all later ones exceed.
/// </summary>
internal static class SequenceNumbers
{
    /// <summary>Bits for the place within a transaction.</summary>
    public const int PlaceBits = 22;

    /// <summary>Most numbers that one transaction takes: more events than a full batch of deletions of large groups writes.</summary>
    public const long MaxOfTransaction = 1L << PlaceBits;

    // The place is a setting that lasts as long as the transaction, and is undone with a savepoint, as the rows that bear the numbers are.
    private static readonly string TakeInPostgres =
        $"""
        SELECT CASE WHEN p.used + @count <= {MaxOfTransaction} THEN l.number + (pg_current_xact_id()::text::bigint << {PlaceBits}) + p.used END,
            set_config('p2pshare.numbers', (p.used + @count)::text, true)
        FROM last_number l CROSS JOIN (SELECT COALESCE(NULLIF(current_setting('p2pshare.numbers', true), ''), '0')::bigint AS used) p
        """;

    private static readonly string HighestInPostgres =
        $"(SELECT l.number + (pg_snapshot_xmax(pg_current_snapshot())::text::bigint << {PlaceBits}) FROM last_number l)";

    // Below the oldest transaction that holds the lock of all writers, and below those that had not begun when the statement did: the locks are read after that.
    // A lock has the lower half of the id, which may be before or after the statement's.
    private static readonly string LastOfWritersInPostgres =
        $"""
        SELECT l.number - 1 + (LEAST(
            (SELECT MIN(n.next + ((t.transactionid::text::bigint - n.next + 2147483648) & 4294967295) - 2147483648) FROM pg_locks w JOIN pg_locks t ON t.pid = w.pid
                WHERE w.locktype = 'advisory' AND w.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND w.classid = {PostgresDatabase.LockKey >> 32} AND w.objid = {PostgresDatabase.LockKey & uint.MaxValue} AND w.objsubid = 1
                AND t.locktype = 'transactionid' AND t.mode = 'ExclusiveLock'),
            n.next) << {PlaceBits})
        FROM last_number l CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) n
        """;

    /// <summary>Takes numbers that follow each other, in the write that adds their rows.</summary>
    /// <returns>The first.</returns>
    /// <exception cref="InvalidOperationException">One transaction cannot have so many.</exception>
    public static async Task<long> TakeNumbersAsync(this DbConnection connection, long count) =>
        connection is not NpgsqlConnection
            ? await connection.QuerySingleAsync<long>("UPDATE last_number SET number = number + @count RETURNING number - @count + 1", new { count })
            : (await connection.QuerySingleAsync<(long? First, string)>(TakeInPostgres, new { count })).First
                ?? throw new InvalidOperationException($"One transaction cannot have more than {MaxOfTransaction} events and revocations.");

    /// <summary>
    /// The expression for a number up to which nothing more will appear: what a statement finds up to it is all there ever will be. Every writing transaction of the
    /// server holds it back, also in other databases.
    /// </summary>
    public static string LastNumber(this DbConnection connection) => connection is NpgsqlConnection
        ? $"(SELECT l.number + (pg_snapshot_xmin(pg_current_snapshot())::text::bigint << {PlaceBits}) - 1 FROM last_number l)"
        : "(SELECT l.number FROM last_number l)";

    /// <summary>
    /// A number up to which nothing more will appear: what the next statement finds up to it is all there ever will be. Only transactions of this
    /// tracker's instances hold it back.
    /// </summary>
    /// <param name="newest">The expression for the highest number that can be seen.</param>
    /// <returns>That number, the highest that can be seen, and one that no number exceeds.</returns>
    public static async Task<(long Last, long Newest, long Highest)> FindLastNumberAsync(this DbConnection connection, string newest)
    {
        var highest = connection is NpgsqlConnection ? HighestInPostgres : connection.LastNumber();
        var found = await connection.QuerySingleAsync<(long Last, long Newest, long)>($"SELECT {connection.LastNumber()}, {newest}, {highest}");
        var last = connection is NpgsqlConnection && found.Newest > found.Last ? await connection.ExecuteScalarAsync<long>(LastOfWritersInPostgres) : found.Last;
        // Transactions of peers are not flushed: after a crash their ids are given again. What bears a number that can be seen was flushed.
        return found with { Last = Math.Min(last, found.Newest) };
    }

    /// <summary>
    /// Lets numbers continue after those that there are: in another server, whose transactions began to count anew, a database that was copied or restored
    /// would give smaller ones. To be called in the transaction of the migrations.
    /// </summary>
    public static Task ContinueNumbersAsync(DbConnection connection) => connection.ExecuteAsync(
        $"""
        UPDATE last_number SET number = h.highest + 1 - (pg_current_xact_id()::text::bigint << {PlaceBits})
        FROM (SELECT GREATEST(
            (SELECT COALESCE(MAX(id), 0) FROM events),
            (SELECT COALESCE(MAX(number), 0) FROM revocations),
            (SELECT COALESCE(MAX(history), 0) FROM files WHERE history IS NOT NULL),
            (SELECT COALESCE(MAX(history), 0) FROM file_versions)) AS highest) h
        WHERE last_number.number + (pg_current_xact_id()::text::bigint << {PlaceBits}) <= h.highest
        """);
}
