using System.Data.Common;
using System.Globalization;
using Dapper;

namespace P2PShare.TrackerHost.Storage;

internal static class PartialDelete
{
    /// <summary>Most rows of one part: few enough that a write behind it hardly waits.</summary>
    public const int MaxRows = 250;

    /// <summary>Deletes some of the rows that a condition finds, of which there may be a million.</summary>
    /// <param name="key">Columns that name a row.</param>
    /// <returns>Whether more may be left.</returns>
    public static async Task<bool> DeleteSomeAsync(this DbConnection connection, string table, string key, string condition, object parameters) =>
        await connection.ExecuteAsync(Statement(table, key, condition, MaxRows.ToString(CultureInfo.InvariantCulture)), parameters) == MaxRows;

    /// <summary>Deletes some of a group's rows.</summary>
    /// <inheritdoc cref="DeleteSomeAsync" path="/param"/>
    /// <param name="max">0 or more.</param>
    /// <returns>How many.</returns>
    public static Task<int> DeleteOfGroupAsync(this DbConnection connection, string table, string key, long group, int max) =>
        connection.ExecuteAsync(Statement(table, key, "group_id = @group", "@max"), new { group, max });

    private static string Statement(string table, string key, string condition, string max) =>
        $"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {max})";
}
