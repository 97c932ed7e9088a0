using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// The tracker's memory: one SQLite file in write-ahead mode. Reads run side by side on pooled connections, writes one
/// after the other through <see cref="WriteQueue"/>.
/// </summary>
internal sealed class TrackerDatabase : IAsyncDisposable
{
    public const string FileName = "tracker.db";

    private readonly string _connectionString;
    private readonly WriteQueue _writes;

    // Lists of parameters come in many lengths; padded, they make few different statements to remember.
    static TrackerDatabase() => SqlMapper.Settings.PadListExpansions = true;

    private TrackerDatabase(string connectionString, SqliteConnection writer)
    {
        _connectionString = connectionString;
        _writes = new WriteQueue(writer, () => Written?.Invoke());
    }

    /// <summary>After each commit of this process, before those who wrote are told; to be handled at once.</summary>
    public event Action? Written;

    /// <summary>Opens the database in <paramref name="dataPath"/>, makes it where it is missing, and brings its schema up to date.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>, or a schema of a newer version.</exception>
    public static async Task<TrackerDatabase> OpenAsync(string dataPath, CancellationToken cancellationToken)
    {
        var path = Path.Combine(dataPath, FileName);
        var connectionString = new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true }.ToString();
        var writer = new SqliteConnection(connectionString);
        try
        {
            // SQLite would make it readable for everybody; its other files take their permissions from this one.
            PrivateFile.CreateEmptyIfMissing(path);
            await writer.OpenAsync(cancellationToken);
            await writer.ExecuteAsync("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
            await Migrations.ApplyAsync(writer, cancellationToken);
            return new TrackerDatabase(connectionString, writer);
        }
        catch (Exception e)
        {
            await writer.DisposeAsync();
            SqliteConnection.ClearPool(writer);
            if (e is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw new P2PShareException(
                    ErrorCode.PathUnwritable,
                    $"The tracker's database '{path}' cannot be used: {e.Message.TrimEnd('.')}. Check the folder's permissions and free space, or choose another with Tracker:DataPath.",
                    e);
            }

            throw;
        }
    }

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellationToken);
        return await read(connection);
    }

    /// <inheritdoc cref="WriteQueue.RunAsync"/>
    public Task<T> WriteAsync<T>(Func<DbConnection, Task<T>> write, CancellationToken cancellationToken) =>
        _writes.RunAsync(write, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync();
        using var any = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(any);
    }
}
