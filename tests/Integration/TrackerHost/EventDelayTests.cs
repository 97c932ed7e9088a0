using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>A transaction that holds back events is seen.</summary>
public sealed class EventDelayTests
{
    [TrackerFact]
    public async Task Events_that_all_can_read_have_no_delay_however_old_they_are()
    {
        var clock = new TrackerClock();
        await using var tracker = await TestTracker.StartAsync(configure: null, clock);
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "file", TestUser.RandomHash()));

        clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Null(await tracker.Database.ReadAsync(EventStore.FindOldestHeldBackAsync, CancellationToken.None));
        Assert.Equal(0, ReadDelay(tracker));
    }

    [PostgresFact]
    public async Task The_metric_has_the_age_of_the_oldest_event_that_a_transaction_holds_back_and_falls_when_it_ends()
    {
        TestDatabase.Kind = DatabaseKind.Postgres;
        var (clock, log) = (new TrackerClock(), new LogRecorder());
        await using var first = await TestTracker.StartAsync(configure: null, clock);
        await using var second = await TestTracker.StartBesideAsync(first, configure: null, clock, log);
        using var alice = await TestUser.CreateAsync(second, "alice");
        await alice.CreateGroupAsync("dev");
        await using var late = await HeldWrite.BeginAsync(first.Database, [], connection => connection.TakeNumbersAsync(1));
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "early", TestUser.RandomHash()));
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "later", TestUser.RandomHash()));

        clock.Advance(TimeSpan.FromSeconds(90));
        await Eventually.HoldsAsync(() => ReadDelay(second) is >= 90 and < 92, "the delay is measured");
        Assert.Contains(log.Lines, line => line.Text.Contains("held back for 9", StringComparison.Ordinal));
        await late.ReleaseAsync();
        clock.Advance(TimeSpan.FromSeconds(60));

        await Eventually.HoldsAsync(() => ReadDelay(second) == 0, "nothing is held back");
    }

    // Of this tracker alone: others of this process have a gauge of this name too.
    private static double? ReadDelay(TestTracker tracker)
    {
        double? delay = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "p2pshare.tracker.events.delay" && instrument.Meter.Scope == tracker.Services.GetRequiredService<IMeterFactory>())
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => delay = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return delay;
    }
}
