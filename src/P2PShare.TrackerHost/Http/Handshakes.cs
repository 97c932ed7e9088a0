using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Bounds the TLS handshakes that are worked on at once: a herd of new connections is served one after the other, in turn by address, instead of all too late. A
/// connection has no turn before it has sent something, and its handshake no time before its turn. Until then it costs no more than its socket and its first bytes. A
/// turn ends when the handshake waits for its client, so that none holds a place by being slow: the rest of a handshake costs little.
/// </summary>
internal sealed class Handshakes
{
    private readonly ConnectionOptions _options;
    private readonly TimeProvider _clock;
    private readonly Audit _audit;
    private readonly Counter<long> _refused;
    private int _open;
    private int _established;

    public Handshakes(IMeterFactory meters, ConnectionOptions options, Audit audit, TimeProvider clock)
    {
        (_options, _audit, _clock) = (options, audit, clock);
        // How many of one address there are is bounded by the number of its connections.
        Gate = new FairGate(options.HandshakesAtOnce, options.HandshakeQueueLength, options.HandshakeQueueLength);
        var meter = meters.Create(TrackerMeter.Name);
        meter.CreateObservableGauge("p2pshare.tracker.handshakes.waiting", () => Gate.Waiting, "{connection}", "Connections that wait for their TLS handshake.");
        meter.CreateObservableGauge("p2pshare.tracker.handshakes.limit", () => options.HandshakeQueueLength, "{connection}", "Connections that can wait for their TLS handshake.");
        _refused = meter.CreateCounter<long>(
            "p2pshare.tracker.handshakes.refused", "{connection}", "Connections that were closed because too many waited for their TLS handshake, or they waited too long.");
    }

    /// <summary>Connections that are open, those that wait included.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Connections whose handshake has succeeded.</summary>
    public int Established => Volatile.Read(ref _established);

    /// <summary>Connections that wait for their turn.</summary>
    public int Waiting => Gate.Waiting;

    /// <summary>Those whose turn it is are inside. For tests.</summary>
    internal FairGate Gate { get; }

    /// <summary>Lets connections wait for their turn. To be called before TLS is added to the endpoint.</summary>
    public void Limit(ListenOptions endpoint) => endpoint.Use(next => async connection =>
    {
        Interlocked.Increment(ref _open);
        try
        {
            await RunAsync(connection, next);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    });

    /// <summary>Ends the turn of a connection. To be called after TLS is added to the endpoint: the handshake has succeeded.</summary>
    public void End(ListenOptions endpoint) => endpoint.Use(next => async connection =>
    {
        connection.Features.Get<FairGate.Turn>()?.Dispose();
        Interlocked.Increment(ref _established);
        try
        {
            await next(connection);
        }
        finally
        {
            Interlocked.Decrement(ref _established);
        }
    });

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!await HasDataAsync(connection))
        {
            connection.Abort(new ConnectionAbortedException("The client sent nothing."));
            return;
        }

        using var turn = await EnterAsync(connection);
        if (turn is null)
        {
            return;
        }

        connection.Features.Set(turn);
        connection.Transport = new Transport(new TurnReader(connection.Transport.Input, turn), connection.Transport.Output);
        await next(connection);
    }

    /// <returns>Null if it was closed.</returns>
    private async Task<FairGate.Turn?> EnterAsync(ConnectionContext connection)
    {
        var address = ((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None).UnmapIPv4();
        using var patience = new CancellationTokenSource(_options.HandshakeQueueTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, connection.ConnectionClosed);
        try
        {
            if (await Gate.EnterAsync(address.Network(), isPreferred: false, either.Token) is { } turn)
            {
                return turn;
            }
        }
        catch (OperationCanceledException) when (!patience.IsCancellationRequested)
        {
            // The client is gone.
            return null;
        }
        catch (OperationCanceledException)
        {
            // It waited too long.
        }

        _refused.Add(1);
        _audit.Throttled(address, "handshakes");
        connection.Abort(new ConnectionAbortedException("Too many connections wait for their TLS handshake."));
        return null;
    }

    private async Task<bool> HasDataAsync(ConnectionContext connection)
    {
        using var patience = new CancellationTokenSource(_options.HandshakeTimeout, _clock);
        try
        {
            var read = await connection.Transport.Input.ReadAsync(patience.Token);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            return !read.Buffer.IsEmpty;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
        catch (ConnectionResetException)
        {
            return false;
        }
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
