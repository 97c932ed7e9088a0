using System.Net;
using System.Net.Sockets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Support;

/// <summary>A peer that announces a complete file and listens; the test decides what it sends.</summary>
internal sealed class RawSource : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly PeerIdentity _identity;

    private RawSource(PeerIdentity identity) => _identity = identity;

    /// <param name="user">A member; its own peer server is another peer.</param>
    public static async Task<RawSource> StartAsync(TestPeer user, FileResponse file)
    {
        var source = new RawSource(PeerIdentity.Acquire(user.State, TimeProvider.System));
        source._listener.Start();
        await user.Client.AnnounceAsync(
            new AnnounceRequest(
                source._identity.Fingerprint, ((IPEndPoint)source._listener.LocalEndpoint).Port, [], Full: true,
                [new Announcement(file.GroupId, file.PiecesRoot!.Value, Complete: true)], [], RevocationsAfter: 0,
                source._identity.Prove(user.Client.TrackerId, user.Client.SessionId)),
            CancellationToken.None);
        return source;
    }

    /// <summary>Waits for a peer to connect and to open a channel; reports that it has all pieces.</summary>
    public async Task<(RawPeer Peer, uint Channel)> AcceptAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var socket = await _listener.AcceptSocketAsync(deadline.Token);
        var peer = new RawPeer(await PeerTls.AcceptAsync(_identity, new NetworkStream(socket, ownsSocket: true), deadline.Token));
        while (true)
        {
            var (id, body) = await peer.ReceiveAsync() ?? throw new IOException("The other side ended the connection before it opened a channel.");
            if (id == MessageId.Open)
            {
                var channel = OpenMessage.Read(body).Channel;
                await peer.HaveAllAsync(channel);
                return (peer, channel);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _identity.Dispose();
        return ValueTask.CompletedTask;
    }
}
