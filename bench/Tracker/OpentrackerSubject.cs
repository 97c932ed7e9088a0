using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Tracker;

/// <summary>opentracker, asked over UDP (BEP 15): no encryption, no accounts, nothing on disk.</summary>
internal sealed class OpentrackerSubject(string name) : Subject(name)
{
    private const int Torrents = 100;
    private const int MaxEndpoints = 512;
    private const int Attempts = 5;
    private const int AnswerSize = 2048;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    private readonly ConcurrentBag<Endpoint> _endpoints = [];
    private readonly SemaphoreSlim _free = new(MaxEndpoints);
    private Child? _process;
    private int _port;

    public override string? Missing => InstalledProgram.Find("opentracker") is null ? "not installed" : null;

    public override IEnumerable<int> ProcessIds => [_process!.Id];

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        _port = LoopbackPort.Free();
        // Debian's serves only the torrents of a list, whose path counts from its new root.
        var list = Path.Combine(folder, "whitelist.txt");
        await File.WriteAllLinesAsync(list, Enumerable.Range(0, Torrents).Select(torrent => Convert.ToHexStringLower(InfoHash(torrent))), cancellationToken);
        _process = Child.Start(
            InstalledProgram.Get("opentracker"), ["-i", "127.0.0.1", "-p", $"{_port}", "-P", $"{_port}", "-d", folder, "-w", Path.GetFileName(list)]);
        _process.IgnoreOutput();
        await _process.WaitForPortAsync(_port, cancellationToken);
    }

    public override Func<int, Task>? RequestOf(Case @case) => @case == Case.Announce ? AnnounceAsync : null;

    public override async ValueTask DisposeAsync()
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Dispose();
        }

        _endpoints.Clear();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private static byte[] InfoHash(int torrent) => SHA256.HashData(BitConverter.GetBytes(torrent))[..20];

    private async Task AnnounceAsync(int number)
    {
        await _free.WaitAsync();
        if (!_endpoints.TryTake(out var endpoint))
        {
            endpoint = await Endpoint.ConnectAsync(_port);
        }

        await endpoint.AnnounceAsync(number % P2PShareSubject.Peers);
        _endpoints.Add(endpoint);
        _free.Release();
    }

    // A socket with one request in flight.
    private sealed class Endpoint : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly byte[] _answer = new byte[AnswerSize];
        private ulong _connection;
        private uint _transaction;

        public static async Task<Endpoint> ConnectAsync(int port)
        {
            var endpoint = new Endpoint();
            await endpoint._socket.ConnectAsync(IPAddress.Loopback, port);
            var request = new byte[16];
            BinaryPrimitives.WriteUInt64BigEndian(request, 0x41727101980);
            await endpoint.AskAsync(request, action: 0);
            endpoint._connection = BinaryPrimitives.ReadUInt64BigEndian(endpoint._answer.AsSpan(8));
            return endpoint;
        }

        public Task AnnounceAsync(int peer)
        {
            var request = new byte[98];
            BinaryPrimitives.WriteUInt64BigEndian(request, _connection);
            InfoHash(peer % Torrents).CopyTo(request, 16);
            BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(36), peer);
            BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(92), 50);
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(96), (ushort)(20000 + (peer % 40000)));
            return AskAsync(request, action: 1);
        }

        public void Dispose() => _socket.Dispose();

        private async Task AskAsync(byte[] request, uint action)
        {
            BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(8), action);
            BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(12), ++_transaction);
            var length = await ExchangeAsync(request);
            if (length < 16 || BinaryPrimitives.ReadUInt32BigEndian(_answer) != action || BinaryPrimitives.ReadUInt32BigEndian(_answer.AsSpan(4)) != _transaction)
            {
                throw new BenchException("opentracker refused an announce.");
            }
        }

        // A packet may be lost if a buffer is full; the client repeats it (BEP 15), and its time counts.
        private async Task<int> ExchangeAsync(byte[] request)
        {
            for (var attempt = 0; attempt < Attempts; attempt++)
            {
                await _socket.SendAsync(request);
                using var timeout = new CancellationTokenSource(AnswerTimeout);
                try
                {
                    return await _socket.ReceiveAsync(_answer, timeout.Token);
                }
                catch (OperationCanceledException)
                {
                    // Again.
                }
            }

            throw new BenchException($"opentracker did not answer {Attempts} times.");
        }
    }
}
