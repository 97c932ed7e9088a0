using System.Data.Common;
using Npgsql;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// Writes of peers lock nothing that they have read: when a membership or a share ends, an announce of another instance may still add what it read before. The
/// marks of such ends are kept for longer than such a transaction can take, and what it added is removed then. SQLite has one writer.
/// </summary>
internal static class UnderWay
{
    // Some statements, each with its time-out, and clocks that differ.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <returns>Unix seconds: what ended up to then has no announce under way that does not know it.</returns>
    public static long SettledSince(DbConnection connection, DateTimeOffset now) =>
        (connection is NpgsqlConnection ? now - Longest : now).ToUnixTimeSeconds();
}
