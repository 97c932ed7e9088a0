using System.Data.Common;
using System.Text.Json;
using Npgsql;

namespace P2PShare.TrackerHost.Storage;

/// <summary>A parameter with any number of values. The statement's text stays the same, so it is parsed once.</summary>
internal static class ListParameter
{
    /// <summary><c>column IN (…)</c> for a parameter of <see cref="List"/>.</summary>
    public static string In(this DbConnection connection, string column, string parameter) =>
        connection is NpgsqlConnection ? $"{column} = ANY({parameter})" : $"{column} IN (SELECT value FROM json_each({parameter}))";

    /// <summary>The values as the database takes them: an array for PostgreSQL, the text of a JSON array for SQLite.</summary>
    public static object List<T>(this DbConnection connection, IEnumerable<T> values) =>
        connection is NpgsqlConnection ? values.ToArray() : JsonSerializer.Serialize(values);
}
