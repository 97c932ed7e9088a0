using System.Diagnostics.Metrics;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Deleting what has expired: a failure is seen, and leaves no long log behind.</summary>
public sealed class PurgeTests
{
    [TrackerFact]
    public async Task A_purge_that_fails_is_a_metric_until_it_succeeds_and_keeps_no_other_from_its_turn()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(configure: null, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.AnnounceAsync();
        await tracker.ExecuteAsync(TestDatabase.Kind == DatabaseKind.Sqlite
            ? "CREATE TRIGGER broken BEFORE DELETE ON peers BEGIN SELECT RAISE(ABORT, 'broken'); END"
            : """
              CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
              CREATE TRIGGER broken BEFORE DELETE ON peers FOR EACH ROW EXECUTE FUNCTION refuse();
              """);
        await tracker.ExecuteAsync("INSERT INTO invitations (token_hash, created, uses_left, expires) VALUES ('x', 1, 0, 1)");

        await FailingAsync(1);
        Assert.Equal((1, 0), (await tracker.CountAsync("peers"), await tracker.CountAsync("invitations")));

        await tracker.ExecuteAsync(TestDatabase.Kind == DatabaseKind.Sqlite ? "DROP TRIGGER broken" : "DROP TRIGGER broken ON peers");
        await FailingAsync(0);
        Assert.Equal(0, await tracker.CountAsync("peers"));

        Task FailingAsync(int expected) => Eventually.HoldsAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(61));
                return ReadFailing(tracker.Services.GetRequiredService<IMeterFactory>()) == expected;
            },
            $"{expected} purges fail");
    }

    [TrackerFact]
    public async Task Replaced_contents_are_deleted_in_parts_and_peers_are_told()
    {
        const int Expired = (2 * PartialDelete.MaxRows) + 30;
        const int Kept = 20;
        await using var tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromHours(1));
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        var database = tracker.Services.GetRequiredService<TrackerDatabase>();
        var now = DateTimeOffset.UtcNow;
        await database.WriteAsync(
            connection => connection.ExecuteAsync(
                $"""
                INSERT INTO retired_contents (group_id, pieces_root, expires)
                WITH RECURSIVE k (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {Expired + Kept})
                SELECT g.id, CAST(n AS TEXT), CASE WHEN n <= {Expired} THEN 1 ELSE @Later END FROM k CROSS JOIN groups g
                """,
                new { Later = now.AddHours(1).ToUnixTimeSeconds() }),
            CancellationToken.None);

        var left = new List<(bool HasMore, long Retired, long Withdrawn)>();
        for (var i = 0; i < 3; i++)
        {
            var hasMore = await database.WriteAsync(connection => FileStore.PurgeExpiredAsync(connection, now), CancellationToken.None);
            left.Add((hasMore, await tracker.CountAsync("retired_contents"), await tracker.CountAsync("withdrawn_contents")));
        }

        Assert.Equal(
            [
                (true, Expired + Kept - PartialDelete.MaxRows, PartialDelete.MaxRows),
                (true, Expired + Kept - (2 * PartialDelete.MaxRows), 2 * PartialDelete.MaxRows),
                (false, Kept, Expired),
            ],
            left);
    }

    // Of this tracker alone: others of this process have a gauge of this name too.
    private static int? ReadFailing(IMeterFactory tracker)
    {
        int? failing = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "p2pshare.tracker.purge.failing" && instrument.Meter.Scope == tracker)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => failing = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return failing;
    }

    [Fact]
    public async Task A_long_log_of_SQLite_is_made_short_once_no_reader_needs_it()
    {
        using var folder = new TemporaryFolder();
        await using var database = await SqliteDatabase.OpenAsync(folder.Path, TimeProvider.System, _ => { }, CancellationToken.None);
        var log = new FileInfo(folder.Combine(SqliteDatabase.FileName + "-wal"));
        await database.WriteAsync(connection => connection.ExecuteAsync("CREATE TABLE bytes (value BLOB)"), CancellationToken.None);
        await using var reader = new SqliteConnection($"Data Source={folder.Combine(SqliteDatabase.FileName)};Pooling=false");
        await reader.OpenAsync();
        await using (reader.BeginTransaction(deferred: true))
        {
            await reader.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM bytes");
            for (var i = 0; i < 9; i++)
            {
                await database.WriteAsync(connection => connection.ExecuteAsync("INSERT INTO bytes (value) VALUES (zeroblob(8000000))"), CancellationToken.None);
            }

            await database.TrimLogAsync(CancellationToken.None);
            log.Refresh();
            Assert.True(log.Length > SqliteDatabase.MaxLogSize, "the reader needs it");
        }

        await database.TrimLogAsync(CancellationToken.None);

        log.Refresh();
        Assert.Equal(0, log.Length);
        Assert.Equal(9, await database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM bytes WHERE length(value) = 8000000"), CancellationToken.None));
    }
}
