using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Transfer;

internal enum Fault
{
    /// <summary>The connection ends in the middle of whatever is on its way.</summary>
    Cut,

    /// <summary>One bit arrives as its opposite, and all goes on.</summary>
    FlippedBit,
}

/// <summary>
/// A bad network between peers: passes bytes on to a port of this machine, and does one fault to each connection after
/// a random number of bytes, until it has done as many as it should.
/// </summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    /// <summary>A connection has passed at most this many bytes when its fault comes.</summary>
    public const int LastFaultAt = 300_000;

    // Hello, certificates and tickets of both sides.
    private const int HandshakeLength = 4_000;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Lock _lock = new();
    private readonly int _target;
    private readonly Fault _fault;
    private readonly Random _random;
    private readonly Task _accepting;
    private int _faultsLeft;
    private int _faultsDone;

    public FaultyProxy(int target, Fault fault, int faults, Random random)
    {
        _target = target;
        _fault = fault;
        _faultsLeft = faults;
        _random = random;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int FaultsDone => Volatile.Read(ref _faultsDone);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var accepted = await _listener.AcceptSocketAsync(_stopping.Token);
                _connections.Add(RelayAsync(accepted));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var plan = MakePlan();
        using (near)
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _target, _stopping.Token);
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                var directions = new[] { PumpAsync(near, far, plan, ending.Token), PumpAsync(far, near, plan, ending.Token) };
                await Task.WhenAny(directions);
                await ending.CancelAsync();
                await Task.WhenAll(directions);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // Either side ended it, or the proxy did.
            }
        }

        if (plan.IsAhead)
        {
            Interlocked.Increment(ref _faultsLeft);
        }
    }

    private Plan MakePlan()
    {
        lock (_lock)
        {
            if (_faultsLeft == 0)
            {
                return new Plan(long.MaxValue, 0, false);
            }

            Interlocked.Decrement(ref _faultsLeft);
            // Every sixth one comes while the two still make each other's acquaintance.
            var at = _random.Next(6) == 0 ? _random.Next(HandshakeLength) : _random.Next(HandshakeLength, LastFaultAt);
            return new Plan(at, (byte)(1 << _random.Next(8)), _random.Next(2) == 0);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Plan plan, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, cancellationToken) is var read and > 0)
        {
            var chunk = buffer.AsMemory(0, read);
            if (plan.Pass(read) is { } at)
            {
                Interlocked.Increment(ref _faultsDone);
                if (_fault == Fault.Cut)
                {
                    await to.SendAsync(chunk[..at], cancellationToken);
                    // A router that forgets a connection says nothing, one that refuses it resets it.
                    to.LingerState = new LingerOption(plan.IsReset, 0);
                    return;
                }

                buffer[at] ^= plan.Bit;
            }

            for (; !chunk.IsEmpty; chunk = chunk[await to.SendAsync(chunk, cancellationToken)..])
            {
            }
        }
    }

    /// <summary>When the fault comes, over both directions of a connection.</summary>
    private sealed class Plan(long at, byte bit, bool isReset)
    {
        private long _passed;

        public byte Bit => bit;

        public bool IsReset => isReset;

        /// <summary>Whether a fault was to come that has not come yet.</summary>
        public bool IsAhead => at < long.MaxValue && Interlocked.Read(ref _passed) <= at;

        /// <summary>Counts bytes.</summary>
        /// <returns>Which of them the fault meets; null where none.</returns>
        public int? Pass(int count)
        {
            var before = Interlocked.Add(ref _passed, count) - count;
            return before <= at && at < before + count ? (int)(at - before) : null;
        }
    }
}
