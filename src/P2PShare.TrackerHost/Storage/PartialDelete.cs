using System.Data.Common;
using Dapper;

namespace P2PShare.TrackerHost.Storage;

internal static class PartialDelete
{
    /// <summary>Most rows of one part: few enough that a write behind it hardly waits.</summary>
    public const int MaxRows = 1000;

    /// <summary>Deletes some of the rows that a condition finds, of which there may be a million.</summary>
    /// <param name="key">Column that names a row.</param>
    /// <returns>Whether more may be left.</returns>
    public static async Task<bool> DeleteSomeAsync(this DbConnection connection, string table, string key, string condition, object parameters) =>
        await connection.ExecuteAsync(
            $"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {MaxRows})", parameters) == MaxRows;
}
