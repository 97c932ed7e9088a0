using System.Diagnostics;
using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;
using Xunit.Abstractions;

namespace P2PShare.Integration.Transfer;

/// <summary>A thousand at once on one peer server, and what that costs.</summary>
[Collection(nameof(Alone))]
public sealed class ManyReceiversTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Receivers = 1000;
    // Both ends of a connection are in this process: TLS and buffers of the server, and those of the receiver.
    private const int MostPerIdlePair = 350 * 1024;
    private const int MostPerBusyPair = 600 * 1024;

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(200_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_thousand_receivers_at_once_complete_within_bounded_memory()
    {
        using var identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        var root = _file.PiecesRoot!.Value;
        var sources = await _bob.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, identity.Fingerprint, identity.CertificateHash, [root]), CancellationToken.None);
        var receivers = new RawPeer[Receivers];
        var before = WorkingSet();
        var watch = Stopwatch.StartNew();
        try
        {
            await Parallel.ForAsync(0, Receivers, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
            {
                receivers[i] = await RawPeer.DialAsync(identity, _alice.Server);
                await receivers[i].SendHelloAsync(sources.Ticket);
                await receivers[i].OpenAsync(1, root);
                Assert.Equal(MessageId.HaveAll, (await receivers[i].ReceiveAsync())!.Value.Id);
            });
            var connected = watch.Elapsed;
            Assert.Equal(Receivers, _alice.Server.GetStatus().Connections);
            var idle = WorkingSet() - before;

            // All ask for all before any of them reads.
            await Task.WhenAll(receivers.Select(AskAsync));
            var busy = WorkingSet() - before;
            await Task.WhenAll(receivers.Select(ReadAsync));

            output.WriteLine(
                $"{Receivers} receivers: connected after {connected.TotalSeconds:0.0} s, served after {watch.Elapsed.TotalSeconds:0.0} s; "
                + $"working set {idle / Receivers / 1024} KiB a pair idle, {busy / Receivers / 1024} KiB busy");
            Assert.InRange(idle / Receivers, long.MinValue, MostPerIdlePair);
            Assert.InRange(busy / Receivers, long.MinValue, MostPerBusyPair);
            Assert.Equal(Receivers, _alice.Server.GetStatus().Connections);
            Assert.Equal((long)Receivers * _content.Length, _alice.Server.GetStatus().BytesUploaded);
        }
        finally
        {
            await Task.WhenAll(receivers.Where(receiver => receiver is not null).Select(receiver => receiver.DisposeAsync().AsTask()));
        }

        await Eventually.HoldsAsync(() => _alice.Server.GetStatus().Connections == 0, "all are gone");
    }

    [Fact]
    public async Task A_share_that_no_peer_fetches_holds_no_open_file()
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere there is no list to look at.
            return;
        }

        Assert.Empty(OpenFiles());
        await _bob.Receive(_file).Completion.WaitAsync(TimeSpan.FromSeconds(30));
        await Eventually.HoldsAsync(() => !OpenFiles().Any(), "nothing is open once all is fetched");
        Assert.Equal(1, _alice.Server.GetStatus().Connections);

        // The same bytes once more, from this machine.
        await _alice.Server.Downloads.Start(new(_file.GroupIdentity, "data.bin", _file.Content, _alice.DestinationOf("again.bin"), Overwrite: false))
            .Completion.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(OpenFiles());

        IEnumerable<string> OpenFiles() => new DirectoryInfo("/proc/self/fd").GetFiles()
            .Select(file => file.LinkTarget ?? "")
            .Where(target => target.EndsWith(".bin", StringComparison.Ordinal)
                && (target.StartsWith(_alice.Folder, StringComparison.Ordinal) || target.StartsWith(_bob.Folder, StringComparison.Ordinal)));
    }

    private static long WorkingSet()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private async Task AskAsync(RawPeer receiver)
    {
        for (var piece = 0; piece < _file.Content.PieceCount; piece++)
        {
            await receiver.RequestAsync(new BlockRange(1, piece, 0, _file.Content.PieceSize(piece)));
        }
    }

    private async Task ReadAsync(RawPeer receiver)
    {
        for (var piece = 0; piece < _file.Content.PieceCount; piece++)
        {
            var (id, body) = (await receiver.ReceiveAsync())!.Value;
            Assert.Equal(MessageId.Piece, id);
            var offset = PieceHeader.Read(body).Piece * _file.Content.PieceLength;
            Assert.True(body.AsSpan(PieceHeader.Length).SequenceEqual(_content.AsSpan(offset, body.Length - PieceHeader.Length)));
        }
    }
}
