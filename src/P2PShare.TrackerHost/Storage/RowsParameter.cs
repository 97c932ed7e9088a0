using System.Data.Common;
using Npgsql;

namespace P2PShare.TrackerHost.Storage;

internal static class RowsParameter
{
    /// <summary>
    /// The FROM clause for a parameter that is a JSON array of objects: a row <c>r</c> for each, whose columns are
    /// the objects' properties. So one statement takes any number of rows, and its text is always the same.
    /// </summary>
    /// <param name="columns">Name and type of each, the type <c>TEXT</c> or <c>BIGINT</c>.</param>
    public static string Rows(this DbConnection connection, string parameter, params ReadOnlySpan<(string Name, string Type)> columns)
    {
        var list = new List<string>();
        foreach (var (name, type) in columns)
        {
            list.Add(connection is NpgsqlConnection ? $"{name} {type}" : $"value ->> '{name}' AS {name}");
        }

        // As a table of its own, or SQLite would write each object as text again for each of its columns.
        return connection is NpgsqlConnection
            ? $"json_to_recordset({parameter}::json) AS r({string.Join(", ", list)})"
            : $"(WITH one AS MATERIALIZED (SELECT value FROM json_each({parameter})) SELECT {string.Join(", ", list)} FROM one) AS r";
    }
}
