using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Copies SQLite's write-ahead log back into the database, on a connection of its own. By itself SQLite has the write that crosses a length do
/// it, and that one and all behind it wait for thousands of pages. A copy that runs beside writes is never quite up to date, and only when it is does
/// SQLite begin the log anew: so the writer copies the few pages that came meanwhile, between two transactions.
/// See https://www.sqlite.org/wal.html, "Avoiding Excessively Large WAL Files".
/// </summary>
/// <param name="connectionString">Of the database.</param>
/// <param name="pages">Pages that are written from the beginning of one copy to that of the next.</param>
internal sealed class SqliteLog(string connectionString, int pages)
{
    // Copies after each of which the writer has written more than few pages again. The writer then copies what came during the last one.
    private const int MaxCopies = 4;

    // What was written during a copy of so many pages, or fewer, the writer copies.
    private readonly int _fewPages = pages / 8;

    // Pages that the writer had written when the log began anew, or was to, and when the running copy began.
    private long _begun;
    private long _copiedUntil;
    private int _copies;

    /// <summary>The copy that runs; null if none does.</summary>
    public Task? Copy { get; private set; }

    /// <summary>To be called when a connection becomes the writing one, which has written nothing.</summary>
    public void OnWriterOpened() => (_begun, _copiedUntil) = (0, 0);

    /// <summary>To be called by the writer in front of each transaction.</summary>
    public void Keep(SqliteConnection writer)
    {
        var written = PagesWrittenBy(writer);
        if (Copy is null)
        {
            if (written - _begun >= pages)
            {
                Begin(written);
            }
        }
        else if (Copy.IsCompleted)
        {
            if (written - _copiedUntil > _fewPages && _copies < MaxCopies)
            {
                Begin(written);
                return;
            }

            // Its result is ignored: a reader of an old state, or another process that copies, may keep the log from beginning anew, and the next copy tries again.
            _ = raw.sqlite3_wal_checkpoint_v2(writer.Handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _);
            (Copy, _copies) = (null, 0);
            _begun = written;
        }
    }

    private void Begin(long written)
    {
        _copiedUntil = written;
        _copies++;
        Copy = Task.Run(CopyPages);
    }

    // As with SQLite's own copies, an error, such as that of a full disk, is left to the write that has no room in a log that cannot begin anew.
    private void CopyPages()
    {
        try
        {
            using var connection = new SqliteConnection(connectionString);
            connection.Open();
            // The statement, not the function: a connection that has read nothing does not know yet that there is a log.
            connection.Execute("PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (SqliteException)
        {
        }
    }

    private static long PagesWrittenBy(SqliteConnection writer)
    {
        // In write-ahead mode those that were written to the log.
        _ = raw.sqlite3_db_status(writer.Handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var written, out _, 0);
        return written;
    }
}
