using System.Buffers.Text;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Support;

/// <summary>Speaks the peer protocol frame by frame, so that a test can send what no honest peer sends.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    private Guid _group;

    public RawPeer(Stream stream)
    {
        _stream = stream;
        _reader = new FrameReader(stream, TimeProvider.System);
    }

    public static async Task<RawPeer> DialAsync(PeerIdentity identity, PeerServer server)
    {
        var (stream, _) = await PeerTls.DialAsync(identity, server.Fingerprint, [$"127.0.0.1:{server.Port}"], CancellationToken.None);
        return new RawPeer(stream);
    }

    public Task SendHelloAsync(string ticket)
    {
        _group = ReadGroup(ticket);
        var buffer = new byte[Frame.HeaderLength + 1 + ticket.Length];
        return SendAsync(buffer.AsMemory(0, new HelloMessage(HelloMessage.CurrentVersion, ticket).Write(buffer)));
    }

    /// <param name="group">Null: the group of the ticket that was sent last.</param>
    public Task OpenAsync(uint channel, Hash256 root, Guid? group = null)
    {
        var buffer = new byte[Frame.HeaderLength + OpenMessage.Length];
        return SendAsync(buffer.AsMemory(0, new OpenMessage(channel, root, group ?? _group).Write(buffer)));
    }

    public Task RequestAsync(BlockRange range) => SendAsync(range, MessageId.Request);

    public Task SendAsync(BlockRange range, MessageId id)
    {
        var buffer = new byte[Frame.HeaderLength + BlockRange.Length];
        return SendAsync(buffer.AsMemory(0, range.Write(buffer, id)));
    }

    public Task HaveAllAsync(uint channel)
    {
        var buffer = new byte[Frame.HeaderLength + 4];
        return SendAsync(buffer.AsMemory(0, BitfieldMessage.Write(buffer, MessageId.HaveAll, channel, [])));
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, _deadline.Token);

    /// <summary>The next message; null once the other side has closed the connection.</summary>
    public async Task<(MessageId Id, byte[] Body)?> ReceiveAsync()
    {
        try
        {
            var (id, length) = await _reader.ReadHeaderAsync(_deadline.Token);
            return (id, (await _reader.ReadAsync(length, _deadline.Token)).ToArray());
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The reason of the next close, whatever comes before it.</summary>
    public async Task<CloseMessage?> ReceiveCloseAsync()
    {
        while (await ReceiveAsync() is var (id, body))
        {
            if (id == MessageId.Close)
            {
                return CloseMessage.Read(body);
            }
        }

        return null;
    }

    // A ticket that is no ticket has no group.
    private static Guid ReadGroup(string ticket)
    {
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(ticket.Split('.')[1]));
            return claims.RootElement.GetProperty("group").GetGuid();
        }
        catch (Exception e) when (e is FormatException or IndexOutOfRangeException or JsonException or KeyNotFoundException)
        {
            return Guid.Empty;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _deadline.Dispose();
    }
}
