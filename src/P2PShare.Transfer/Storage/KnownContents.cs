using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Storage;

/// <summary>What files were hashed to when they were shared or received. For many look-ups of one caller.</summary>
public sealed class KnownContents : IDisposable
{
    private readonly StateDatabase _database;
    private readonly SqliteConnection _connection;
    private readonly RowStatement _find;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    internal KnownContents(StateDatabase database)
    {
        _database = database;
        try
        {
            _connection = database.Open();
        }
        catch (SqliteException e)
        {
            throw database.Unusable(e);
        }

        try
        {
            _find = new RowStatement(
                _connection,
                """
                SELECT piece_length, pieces_root FROM contents
                WHERE path = ?1 AND size = ?2 AND modified = ?3 AND file_id = ?4 AND changed = ?5
                """);
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw database.Unusable(e);
        }
    }

    /// <summary>What a file was hashed to, if it has not been touched since.</summary>
    /// <param name="path">Full path.</param>
    /// <returns>Null if that is not known.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public ContentDescription? FindUnchanged(string path)
    {
        try
        {
            return SafeFile.Find(path) is { Kind: FileKind.File, Stamp: var now } ? Find(path, now) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The pieces roots of all files that any user of the state folder offers.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    internal IReadOnlySet<Hash256> GetRoots()
    {
        try
        {
            using var select = new RowStatement(_connection, "SELECT DISTINCT pieces_root FROM contents WHERE pieces_root IS NOT NULL");
            return select.Query(row => row.NullableHash(0)!.Value).ToHashSet();
        }
        catch (SqliteException e)
        {
            throw _database.Unusable(e);
        }
    }

    /// <summary>Whether any user of the state folder offers a content.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    internal bool HasRoot(Hash256 piecesRoot)
    {
        try
        {
            using var select = new RowStatement(_connection, "SELECT 1 FROM contents WHERE pieces_root = ?1 LIMIT 1");
            return select.Bind(piecesRoot).Query(row => row.Integer(0)).Count > 0;
        }
        catch (SqliteException e)
        {
            throw _database.Unusable(e);
        }
    }

    public void Dispose()
    {
        _find.Dispose();
        _connection.Dispose();
    }

    private ContentDescription? Find(string path, FileStamp now)
    {
        try
        {
            return _find.Bind(path).Bind(now.Size).Bind(now.Modified.UtcTicks).Bind(now.Identity?.File).Bind(now.Identity?.Changed)
                .Query(row => new ContentDescription(now.Size, (int)row.Integer(0), row.NullableHash(1))).FirstOrDefault();
        }
        catch (SqliteException e)
        {
            throw _database.Unusable(e);
        }
    }
}
