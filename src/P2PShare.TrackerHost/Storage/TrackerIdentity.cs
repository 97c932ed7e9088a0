using System.Data.Common;
using System.Globalization;
using Dapper;

namespace P2PShare.TrackerHost.Storage;

/// <summary>The id of a tracker's database, the same for all its instances: created once and kept in the table settings, which this type alone writes.</summary>
internal sealed record TrackerIdentity(Guid Id)
{
    public static Task<TrackerIdentity> LoadOrCreateAsync(TrackerDatabase database, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            await connection.ExecuteAsync(
                "INSERT INTO settings (name, value) VALUES ('tracker_id', @Id) ON CONFLICT (name) DO NOTHING", new { Id = Guid.NewGuid().ToString("D") });
            return new TrackerIdentity(Guid.Parse(await connection.QuerySingleAsync<string>("SELECT value FROM settings WHERE name = 'tracker_id'")));
        },
        cancellationToken);

    /// <summary>A write to a row of its own, which reaches the disk as every write does: a disk that is full or read-only shows here.</summary>
    public static Task<int> ProbeWriteAsync(DbConnection connection, DateTimeOffset now) => connection.ExecuteAsync(
        "INSERT INTO settings (name, value) VALUES ('last_probe', @Now) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        new { Now = now.ToString("O", CultureInfo.InvariantCulture) });
}
