using Dapper;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What makes a tracker this one, whichever of its instances answers: an id, made once and kept in the database.</summary>
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
}
