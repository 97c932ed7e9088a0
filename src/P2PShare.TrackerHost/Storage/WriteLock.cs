using System.Buffers.Binary;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using P2PShare.Protocol.Names;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// What a write reads and relies on until its commit: no other write that names the same lock, of any instance, runs beside it. Writes of
/// different groups and users do not wait for each other. A lock is of a name, so that it also covers what does not exist yet.
/// </summary>
/// <param name="Key">Two names have the same key once in 2^64; their writes then wait for each other, which does no harm.</param>
internal readonly record struct WriteLock(long Key)
{
    /// <summary>PostgreSQL's statement that takes the locks of the parameter <c>keys</c>, in the order of that array, until the transaction ends.</summary>
    public const string TakeAll = "SELECT COUNT(pg_advisory_xact_lock(key)) FROM unnest(@keys) AS key";

    /// <summary>A group with its members, join requests and files.</summary>
    public static WriteLock Group(string name) => Of("group " + AccountName.Key(name));

    /// <summary>What is left of a deleted group.</summary>
    public static WriteLock RemovalOf(long group) => Of(string.Create(CultureInfo.InvariantCulture, $"removal of {group}"));

    /// <summary>A user with what counts towards the user's quotas, and the user's sessions.</summary>
    public static WriteLock User(string name) => Of("user " + AccountName.Key(name));

    /// <summary>The peers of a user and what they hold, as far as they count towards quotas.</summary>
    public static WriteLock PeersOf(long user) => Of(string.Create(CultureInfo.InvariantCulture, $"peers of {user}"));

    /// <summary>The keys that sign tickets.</summary>
    public static WriteLock TicketKeys { get; } = Of("ticket keys");

    /// <summary>
    /// Takes locks, in their order, in a write that has to read first to know what it needs. A transaction that does so twice can deadlock with another one; the server
    /// ends one of them, and the queue of writes repeats it. SQLite's writer has the whole file.
    /// </summary>
    public static Task TakeAsync(DbConnection connection, IEnumerable<WriteLock> locks) => connection is NpgsqlConnection
        ? connection.ExecuteAsync(TakeAll, new { keys = locks.Select(one => one.Key).Order().ToArray() })
        : Task.CompletedTask;

    private static WriteLock Of(string name) => new(BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name))));
}
