using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>A peer that says a million things that mean nothing.</summary>
[Collection(nameof(Alone))]
public sealed class FloodTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private TestPeer _mallory = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _mallory = await TestPeer.StartAsync(_tracker, "mallory", _alice);
        _file = await _alice.ShareAsync("data.bin", RandomNumberGenerator.GetBytes(3_000_000));
    }

    public async Task DisposeAsync()
    {
        await _mallory.DisposeAsync();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_flood_of_small_messages_takes_no_memory_and_nobody_elses_turn()
    {
        using var identity = PeerIdentity.Acquire(_mallory.State, TimeProvider.System);
        var sources = await _mallory.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, identity.Fingerprint, identity.CertificateHash, [_file.PiecesRoot!.Value]), CancellationToken.None);
        await using var peer = await RawPeer.DialAsync(identity, _alice.Server);
        await peer.SendHelloAsync(sources.Ticket);
        await peer.OpenAsync(1, _file.PiecesRoot!.Value);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);
        await peer.HaveAllAsync(1);
        var keepAlives = new byte[64 * 1024];
        var have = new byte[Frame.HeaderLength + 8];
        HaveMessage.Write(have, 1, [3]);
        var cancel = new byte[Frame.HeaderLength + BlockRange.Length];
        new BlockRange(1, 3, 0, 16_384).Write(cancel, MessageId.Cancel);
        var haves = Enumerable.Repeat(have, 4000).SelectMany(bytes => bytes).ToArray();
        var cancels = Enumerable.Repeat(cancel, 4000).SelectMany(bytes => bytes).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        // A million of them; and a download meanwhile.
        var download = _bob.Receive(_file);
        for (var i = 0; i < 40; i++)
        {
            await peer.SendAsync(keepAlives);
            await peer.SendAsync(haves);
            await peer.SendAsync(cancels);
        }

        await download.Completion.WaitAsync(Limit);
        // All were read: what comes behind them is answered.
        await peer.RequestAsync(new BlockRange(1, 0, 0, 16_384));
        while ((await peer.ReceiveAsync())!.Value.Id != MessageId.Piece)
        {
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 * 1024 * 1024);
    }
}
