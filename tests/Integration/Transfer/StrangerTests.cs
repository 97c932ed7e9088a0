using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>What a peer server does about connections of strangers, and of peers of another version.</summary>
[Collection(nameof(Alone))]
public sealed class StrangerTests : IAsyncLifetime
{
    // Far from the 12 seconds that it once took, and from the fraction of a second that is usual.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestPeer.StartAsync(_tracker, "alice", null);
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice);
        _file = await _alice.ShareAsync("data.bin", RandomNumberGenerator.GetBytes(1_000_000));
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Silent_sockets_delay_no_honest_handshake(bool sendOneByte)
    {
        var silent = new List<Socket>();
        try
        {
            for (var i = 0; i < 160; i++)
            {
                // Of another address, all of 127.0.0.0/8 is this machine.
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(sendOneByte && OperatingSystem.IsLinux() ? IPAddress.Parse("127.0.0.9") : IPAddress.Loopback, 0));
                silent.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, _alice.Server.Port);
                if (sendOneByte && OperatingSystem.IsLinux())
                {
                    await socket.SendAsync(new byte[] { 0x16 });
                }
            }

            await _bob.Receive(_file).Completion.WaitAsync(Soon);
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task More_silent_connections_than_places_keep_no_newcomer_out()
    {
        using var identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        var silent = new List<RawPeer>();
        try
        {
            // Each with a handshake, and kept alive by empty frames: more than an address has places.
            for (var i = 0; i < 200; i++)
            {
                silent.Add(await RawPeer.DialAsync(identity, _alice.Server));
                await silent[^1].SendAsync(new byte[4]);
            }

            await _bob.Receive(_file).Completion.WaitAsync(Soon);
            Assert.InRange(_alice.Server.GetStatus().Connections, 1, 64 + 1);
        }
        finally
        {
            await Task.WhenAll(silent.Select(peer => peer.DisposeAsync().AsTask()));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_peer_of_a_version_before_is_told_so(int back)
    {
        using var identity = PeerIdentity.Acquire(_bob.State, TimeProvider.System);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _alice.Server.Port);
        await using var older = new SslStream(client.GetStream());
        await older.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "p2pshare",
            ClientCertificateContext = identity.Context,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            ApplicationProtocols = [.. PeerTls.OlderProtocols.Skip(back)],
        });
        // Its hello is on the way meanwhile.
        await older.WriteAsync(new byte[600]);

        var frame = new byte[Frame.HeaderLength + CloseMessage.Length];
        await older.ReadExactlyAsync(frame).AsTask().WaitAsync(Soon);

        Assert.Equal((MessageId.Close, CloseMessage.Length + 1), ((MessageId)frame[4], BinaryPrimitives.ReadInt32BigEndian(frame)));
        Assert.Equal(new CloseMessage(0, CloseReason.VersionUnknown), CloseMessage.Read(frame.AsSpan(Frame.HeaderLength)));
    }
}
