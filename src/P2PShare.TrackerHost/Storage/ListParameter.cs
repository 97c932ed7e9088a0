using System.Data.Common;
using Npgsql;

namespace P2PShare.TrackerHost.Storage;

internal static class ListParameter
{
    /// <summary>
    /// <c>column IN (…)</c> for a parameter that is an array: Dapper writes it out for SQLite, and gives it as it is to PostgreSQL.
    /// </summary>
    public static string In(this DbConnection connection, string column, string parameter) =>
        connection is NpgsqlConnection ? $"{column} = ANY({parameter})" : $"{column} IN {parameter}";
}
