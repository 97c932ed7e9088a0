using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A write that PostgreSQL makes the victim of a conflict each time.</summary>
public sealed class ConflictTests : IAsyncLifetime
{
    private const int Others = 40;

    private TestTracker _tracker = null!;
    private TestUser _alice = null!;

    public ConflictTests() => TestDatabase.Kind = DatabaseKind.Postgres;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        await _alice.CreateGroupAsync("dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        await _tracker.DisposeAsync();
    }

    [PostgresFact]
    public async Task It_alone_is_answered_with_busy_and_the_writes_beside_it_are_made()
    {
        using var conflicts = new Counter(_tracker, "p2pshare.tracker.write.conflicts");
        await LoseAsync("files", "NEW.name = 'loser'");

        // Some of them come while the loser's batch is tried, and are with it.
        var losing = Enumerable.Range(0, 2).Select(_ => _alice.ShareAsync("dev", "loser", TestUser.RandomHash())).ToArray();
        var others = Enumerable.Range(0, Others).Select(i => _alice.ShareAsync("dev", $"file{i}", TestUser.RandomHash())).ToArray();

        foreach (var answer in await Task.WhenAll(losing))
        {
            Assert.Contains("lost against others", (await _alice.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerDatabaseBusy, answer)).Detail, StringComparison.Ordinal);
        }

        foreach (var answer in await Task.WhenAll(others))
        {
            await _alice.Expect(HttpStatusCode.Created, answer);
        }

        Assert.Equal(Others, (await _alice.ListFilesAsync("dev")).Count);
        Assert.Equal(2, conflicts.Sum);
    }

    [PostgresFact]
    public async Task An_announce_that_loses_does_not_take_those_of_other_peers_with_it()
    {
        var loser = TestUser.NewFingerprint();
        await LoseAsync("peers", $"NEW.fingerprint = '{loser}'");

        var losing = Enumerable.Range(0, 2).Select(_ => AnnounceAsync(loser)).ToArray();
        var others = Enumerable.Range(0, Others).Select(_ => AnnounceAsync(TestUser.NewFingerprint())).ToArray();

        foreach (var answer in await Task.WhenAll(losing))
        {
            await _alice.ExpectProblem(HttpStatusCode.ServiceUnavailable, ErrorCode.TrackerDatabaseBusy, answer);
        }

        foreach (var answer in await Task.WhenAll(others))
        {
            await _alice.Expect(HttpStatusCode.OK, answer);
        }

        Assert.Equal(Others, await _tracker.CountAsync("peers"));

        Task<HttpResponseMessage> AnnounceAsync(Hash256 fingerprint) =>
            _alice.PostAsync(TrackerRoutes.Peers, _alice.Prove(new AnnounceRequest(fingerprint, 5000, [], Full: true, [], [], RevocationsAfter: 0)));
    }

    /// <summary>Makes each insertion of such a row lose as against another transaction.</summary>
    private Task LoseAsync(string table, string rows) => _tracker.ExecuteAsync(
        $"""
        CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure'; END $$;
        CREATE TRIGGER loses BEFORE INSERT ON {table} FOR EACH ROW WHEN ({rows}) EXECUTE FUNCTION lose();
        """);

    /// <summary>The sum of one tracker's counter.</summary>
    private sealed class Counter : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _sum;

        public Counter(TestTracker tracker, string name)
        {
            var meters = tracker.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == name && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _sum, value));
            _listener.Start();
        }

        public long Sum => Interlocked.Read(ref _sum);

        public void Dispose() => _listener.Dispose();
    }
}
