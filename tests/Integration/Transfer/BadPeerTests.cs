using System.Net.Sockets;
using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>Malicious peers: what they cost is bounded, and downloads complete without them.</summary>
public sealed class BadPeerTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(2);

    // Bytes a second, of 3 MB: while alice serves so slowly, a download needs the other peer too.
    private const long Slow = 50_000;

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(3_000_000);
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private TestPeer _mallory = null!;
    private PeerIdentity _identity = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(
            _tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(3), StallTimeout = StallTimeout });
        _mallory = await TestPeer.StartAsync(_tracker, "mallory", _alice);
        _identity = PeerIdentity.Acquire(_mallory.State, TimeProvider.System);
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        _identity.Dispose();
        await _mallory.DisposeAsync();
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_never_answers_delays_a_download_no_longer_than_the_timeout()
    {
        await using var source = await RawSource.StartAsync(_mallory, _file);
        await _alice.StopServerAsync();
        var download = _bob.Receive(_file);
        var (peer, _) = await source.AcceptAsync();
        await using var __ = peer;
        // It was asked for the piece layer, and continues to show that it is alive.
        while ((await peer.ReceiveAsync())!.Value.Id != MessageId.HashRequest)
        {
        }

        using var keepAlive = new CancellationTokenSource();
        var keepingAlive = KeepAliveAsync(peer, keepAlive.Token);
        await _alice.RestartServerAsync();

        await download.Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        await keepAlive.CancelAsync();
        await keepingAlive;
    }

    [Fact]
    public async Task A_peer_that_sends_messages_but_no_blocks_is_dropped()
    {
        // Without another source nothing but the time-out ends it. It has the piece layer to give, and no more.
        await _alice.StopServerAsync();
        var layer = (await FileHasher.HashAsync(_mallory.MakeFile("copy.bin", _content), null, CancellationToken.None)).PieceLayer.ToArray();
        await using var source = await RawSource.StartAsync(_mallory, _file);
        var download = _bob.Receive(_file);
        var (staller, _) = await source.AcceptAsync();
        await using var __ = staller;
        for (var asked = false; !asked;)
        {
            var (id, body) = (await staller.ReceiveAsync())!.Value;
            if (id == MessageId.HashRequest)
            {
                var range = HashRange.Read(body);
                var answer = new byte[Frame.HeaderLength + HashRange.Length + range.Count * Hash256.Size];
                await staller.SendAsync(answer.AsMemory(0, range.Write(answer, layer.AsSpan(range.Index, range.Count))));
            }

            asked = id is MessageId.Request or MessageId.PackedRequest;
        }

        using var keepAlive = new CancellationTokenSource();
        var keepingAlive = KeepAliveAsync(staller, keepAlive.Token);
        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        await keepAlive.CancelAsync();
        await keepingAlive;
    }

    [Fact]
    public async Task A_peer_that_sends_blocks_that_were_not_requested_is_dropped_and_the_download_continues()
    {
        await using var source = await RawSource.StartAsync(_mallory, _file);
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        var (peer, channel) = await source.AcceptAsync();
        await using var __ = peer;
        // Before its first request the download may not listen to the channel yet, and what arrives is skipped.
        while ((await peer.ReceiveAsync())!.Value.Id is not (MessageId.HashRequest or MessageId.Request or MessageId.PackedRequest))
        {
        }

        var piece = new byte[Frame.HeaderLength + PieceHeader.Length + 16_384];
        new PieceHeader(channel, 7, 16_384).Write(piece, 16_384);

        await peer.SendAsync(piece);

        Assert.Equal(CloseReason.ProtocolError, (await CloseOfConnectionAsync(peer))?.Reason);
        _alice.Server.UploadLimit = null;
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
    }

    [Fact]
    public async Task A_peer_that_announces_pieces_that_it_lacks_costs_one_request_per_piece()
    {
        await using var source = await RawSource.StartAsync(_mallory, _file);
        _alice.Server.UploadLimit = Slow;
        var download = _bob.Receive(_file);
        var (peer, _) = await source.AcceptAsync();
        await using var __ = peer;
        var refused = RefuseAllAsync(peer);

        _alice.Server.UploadLimit = null;
        await download.Completion.WaitAsync(Limit);

        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
        await peer.DisposeAsync();
        // A few that were on their way when the piece was refused first come on top.
        Assert.InRange(await refused, 0, _file.Content.PieceCount * 2);
    }

    [Fact]
    public async Task With_only_a_peer_that_has_nothing_a_download_fails_with_a_clear_error()
    {
        await using var source = await RawSource.StartAsync(_mallory, _file);
        await _alice.StopServerAsync();
        var download = _bob.Receive(_file);
        var (peer, _) = await source.AcceptAsync();
        await using var __ = peer;
        var refused = RefuseAllAsync(peer);

        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));

        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        await peer.DisposeAsync();
        await refused;
    }

    [Fact]
    public async Task A_peer_that_requests_more_and_more_and_reads_nothing_is_dropped()
    {
        await using var peer = await OpenAsync();

        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            for (var i = 0; i < 1_000_000; i++)
            {
                await peer.RequestAsync(new BlockRange(1, i % 40, 0, 65_536));
            }
        });

        await Eventually.HoldsAsync(() => _alice.Server.GetStatus().Connections == 0, "the connection is gone");
        await _bob.Receive(_file).Completion.WaitAsync(Limit);
    }

    [Fact]
    public async Task Handshakes_that_never_end_keep_no_honest_peer_out_and_end_with_their_timeout()
    {
        var stuck = new List<TcpClient>();
        try
        {
            // As many as there are places.
            for (var i = 0; i < 64; i++)
            {
                stuck.Add(new TcpClient("127.0.0.1", _alice.Server.Port));
            }

            var download = _mallory.Receive(_file);
            await download.Completion.WaitAsync(PeerTls.Timeout / 2);

            // And each place is given back: its connection has been ended from the other side.
            var gone = stuck.Select(client => client.GetStream().ReadAsync(new byte[1]).AsTask());
            foreach (var read in gone)
            {
                Assert.Equal(0, await read.WaitAsync(PeerTls.Timeout * 2));
            }
        }
        finally
        {
            stuck.ForEach(client => client.Dispose());
        }
    }

    private async Task<RawPeer> OpenAsync()
    {
        var sources = await _mallory.Client.GetSourcesAsync(
            TestPeer.Group, new SourcesRequest(_file.GroupId, _identity.Fingerprint, _identity.CertificateHash, [_file.PiecesRoot!.Value]), CancellationToken.None);
        var peer = await RawPeer.DialAsync(_identity, _alice.Server);
        await peer.SendHelloAsync(sources.Ticket);
        await peer.OpenAsync(1, _file.PiecesRoot!.Value);
        Assert.Equal(MessageId.HaveAll, (await peer.ReceiveAsync())!.Value.Id);
        return peer;
    }

    private static async Task KeepAliveAsync(RawPeer peer, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await peer.SendAsync(new byte[4]);
                await Task.Delay(50, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The other side has had enough, or the test has.
        }
    }

    private static async Task<CloseMessage?> CloseOfConnectionAsync(RawPeer peer)
    {
        while (await peer.ReceiveCloseAsync() is { } close)
        {
            if (close.Channel == 0)
            {
                return close;
            }
        }

        return null;
    }

    // Rejects every request; returns how many requests for blocks there were.
    private static async Task<int> RefuseAllAsync(RawPeer peer)
    {
        var requests = 0;
        try
        {
            while (await peer.ReceiveAsync() is var (id, body))
            {
                if (id is MessageId.Request or MessageId.PackedRequest)
                {
                    requests++;
                    await peer.SendAsync(BlockRange.Read(body), MessageId.Reject);
                }
                else if (id == MessageId.HashRequest)
                {
                    var answer = new byte[Frame.HeaderLength + HashRange.Length];
                    await peer.SendAsync(answer.AsMemory(0, HashRange.Read(body).Write(answer, MessageId.HashReject)));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It is over.
        }

        return requests;
    }
}
