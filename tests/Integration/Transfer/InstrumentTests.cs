using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Transfer;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>What a host with OpenTelemetry sees of a transfer. Other tests run in this process: all is told apart by the server's port.</summary>
public sealed class InstrumentTests : IAsyncLifetime, IDisposable
{
    private const int Size = 3_000_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(Size);
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities = new();
    private readonly ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> _measured = new();
    private readonly ConcurrentQueue<Activity> _ended = new();
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;

    public async Task InitializeAsync()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "P2PShare.Transfer")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _meters.Start();
        _activities.ShouldListenTo = source => source.Name == "P2PShare.Transfer";
        _activities.Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded;
        _activities.ActivityStopped = _ended.Enqueue;
        ActivitySource.AddActivityListener(_activities);
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(1) });
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }

    [Fact]
    public async Task A_transfer_is_counted_on_both_sides()
    {
        var file = await _alice.ShareAsync("data.bin", _content);
        await _bob.Receive(file).Completion.WaitAsync(Limit);

        await Eventually.HoldsAsync(() => Sum("p2pshare.upload.bytes", _alice) == Size, "all sent bytes are counted");
        Assert.Equal(Size, Sum("p2pshare.download.bytes", _bob));
        Assert.Equal(file.Content.PieceCount, Sum("p2pshare.pieces.verified", _bob));
        Assert.Equal(file.Content.PieceCount, Of("p2pshare.piece.write.duration", _bob).Count);
        Assert.Equal(0, Sum("p2pshare.hash.failures", _bob));
        Assert.Equal("out", Assert.Single(Of("p2pshare.connections.opened", _bob)).Tags["p2pshare.direction"]);
        Assert.Equal("in", Assert.Single(Of("p2pshare.connections.opened", _alice)).Tags["p2pshare.direction"]);
    }

    [Fact]
    public async Task A_download_leaves_a_record_of_where_its_time_went_and_no_name()
    {
        var file = await _alice.ShareAsync("secret-name.bin", _content);
        var download = _bob.Receive(file);
        await download.Completion.WaitAsync(Limit);

        var duration = Assert.Single(Of("p2pshare.download.duration", _bob));
        Assert.Equal("complete", duration.Tags["p2pshare.outcome"]);
        Assert.Equal(download.Times.Total.TotalSeconds, duration.Value, 3);
        var times = Of("p2pshare.download.time", _bob).ToDictionary(time => (string)time.Tags["p2pshare.part"]!, time => time.Value);
        Assert.Equal(["disk", "hashing", "network", "waiting"], times.Keys.Order());
        Assert.All(times.Values, seconds => Assert.InRange(seconds, double.Epsilon, 60));

        var activity = Assert.Single(_ended, activity => activity.OperationName == "p2pshare.download" && PortOf(activity) == _bob.Server.Port);
        Assert.Equal(file.PiecesRoot.ToString(), activity.GetTagItem("p2pshare.pieces_root"));
        Assert.Equal((long)Size, activity.GetTagItem("p2pshare.size"));
        Assert.Equal("complete", activity.GetTagItem("p2pshare.outcome"));
        Assert.Equal(times["disk"], activity.GetTagItem("p2pshare.time.disk"));
        Assert.DoesNotContain(activity.TagObjects, tag => tag.Value is string text && text.Contains("secret", StringComparison.Ordinal));

        var dial = Assert.Single(_ended, activity => activity.OperationName == "p2pshare.dial" && PortOf(activity) == _bob.Server.Port);
        Assert.Equal(activity.SpanId, dial.ParentSpanId);
        Assert.Equal(_alice.Server.Fingerprint.ToString(), dial.GetTagItem("p2pshare.peer.fingerprint"));
        Assert.Equal(_alice.Server.Port, dial.GetTagItem("network.peer.port"));
    }

    [Fact]
    public async Task A_running_transfer_shows_in_the_gauges()
    {
        _alice.Server.UploadLimit = 400_000;
        var file = await _alice.ShareAsync("data.bin", _content);
        var download = _bob.Receive(file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 0, "bytes came");

        await Eventually.HoldsAsync(() => Observe("p2pshare.upload.rate", _alice) > 0, "the rate of sending shows");
        Assert.True(Observe("p2pshare.download.rate", _bob) > 0);
        Assert.Equal(1, Observe("p2pshare.downloads.active", _bob));
        Assert.Equal(1, Observe("p2pshare.sources", _bob));
        Assert.Equal(1, Observe("p2pshare.uploads.active", _alice));
        Assert.Equal(1, Observe("p2pshare.connections.active", _alice));
        // More than two requests wait nearly always; the moment may be just before the next ones come.
        await Eventually.HoldsAsync(() => Observe("p2pshare.upload.queue", _alice) > 0, "requests wait");

        await download.StopAsync();
        Assert.Equal("stopped", Assert.Single(Of("p2pshare.download.duration", _bob)).Tags["p2pshare.outcome"]);
        Assert.Equal(0, Observe("p2pshare.downloads.active", _bob));
        await _alice.StopServerAsync();
        Assert.Null(Observe("p2pshare.connections.active", _alice));
    }

    [Fact]
    public async Task A_download_that_fails_says_why()
    {
        var file = await _alice.ShareAsync("data.bin", _content);
        await _alice.StopServerAsync();

        await Assert.ThrowsAsync<P2PShareException>(() => _bob.Receive(file).Completion.WaitAsync(Limit));

        var activity = Assert.Single(_ended, activity => activity.OperationName == "p2pshare.download" && PortOf(activity) == _bob.Server.Port);
        Assert.Equal(ActivityStatusCode.Error, activity.Status);
        Assert.Equal(ErrorCode.NoSourceOnline, activity.GetTagItem("error.type"));
        Assert.Equal("failed", activity.GetTagItem("p2pshare.outcome"));
    }

    [Fact]
    public async Task A_refused_connection_is_counted_with_the_reason()
    {
        using var identity = P2PShare.Transfer.Storage.PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        await using (var peer = await RawPeer.DialAsync(identity, _alice.Server))
        {
            await peer.SendHelloAsync("no.such.ticket");
            await peer.ReceiveCloseAsync();
        }

        await using (var peer = await RawPeer.DialAsync(identity, _alice.Server))
        {
            await peer.OpenAsync(1, TestUser.RandomHash());
            await peer.ReceiveCloseAsync();
        }

        using (var mute = new System.Net.Sockets.TcpClient("127.0.0.1", _alice.Server.Port))
        {
            mute.Client.Send([1, 2, 3, 4, 5, 6, 7, 8]);
            await Eventually.HoldsAsync(() => Of("p2pshare.connections.refused", _alice).Count == 3, "all three are counted");
        }

        Assert.Equal(["handshake", "protocol", "ticket"], Of("p2pshare.connections.refused", _alice).Select(refused => refused.Tags["p2pshare.reason"]).Order());
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _measured.Enqueue((instrument.Name, value, new Dictionary<string, object?>(tags.ToArray())));

    private List<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name, TestPeer peer) =>
        [.. _measured.Where(one => one.Name == name && (int)one.Tags["server.port"]! == peer.Server.Port)];

    private double Sum(string name, TestPeer peer) => Of(name, peer).Sum(one => one.Value);

    private double? Observe(string name, TestPeer peer)
    {
        _measured.Clear();
        _meters.RecordObservableInstruments();
        return Of(name, peer) is [.., var last] ? last.Value : null;
    }

    private static int PortOf(Activity activity) => (int)activity.GetTagItem("server.port")!;
}
