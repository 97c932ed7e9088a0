using System.Buffers;
using System.Buffers.Binary;
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
/// connection has no turn before it has sent a whole first record, and its handshake no time before its turn. Until then it costs no more than its socket and that record. A
/// turn ends when the handshake waits for its client, so that none holds a place by being slow, and it continues with another turn, which comes before those of handshakes
/// that have not begun: what has begun takes memory and has a time limit.
/// </summary>
internal sealed class Handshakes
{
    // RFC 8446, section 5.1: type, version (2 bytes), length (2 bytes, big-endian) of a record.
    private const int RecordHeaderLength = 5;
    private const int MaxRecordLength = 16 * 1024;
    private const byte HandshakeRecord = 22;

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
        connection.Features.Get<TurnReader>()?.End();
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
        if (!await HasRecordAsync(connection))
        {
            connection.Abort(new ConnectionAbortedException("The client sent no TLS record."));
            return;
        }

        if (await EnterAsync(connection, hasBegun: false, CancellationToken.None) is not { } turn)
        {
            return;
        }

        var reader = new TurnReader(connection.Transport.Input, turn, async cancellationToken =>
            await EnterAsync(connection, hasBegun: true, cancellationToken) ?? throw new ConnectionAbortedException("The handshake had no further turn."));
        try
        {
            connection.Features.Set(reader);
            connection.Transport = new Transport(reader, connection.Transport.Output);
            await next(connection);
        }
        finally
        {
            reader.End();
        }
    }

    /// <returns>Null if it was closed.</returns>
    private async Task<FairGate.Turn?> EnterAsync(ConnectionContext connection, bool hasBegun, CancellationToken cancellationToken)
    {
        var address = ((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None).UnmapIPv4();
        using var patience = new CancellationTokenSource(_options.HandshakeQueueTimeout, _clock);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, connection.ConnectionClosed, cancellationToken);
        try
        {
            if (await Gate.EnterAsync(address.Network(), isPreferred: hasBegun, any.Token) is { } turn)
            {
                return turn;
            }
        }
        catch (OperationCanceledException) when (!patience.IsCancellationRequested)
        {
            // The client is gone, or the time of its handshake is over.
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

    /// <summary>Waits for the first record. What cannot be one is left to TLS, which refuses it at once.</summary>
    private async Task<bool> HasRecordAsync(ConnectionContext connection)
    {
        var begun = _clock.GetTimestamp();
        while (true)
        {
            using var patience = new CancellationTokenSource(_options.HandshakeTimeout, _clock);
            try
            {
                return await HasRecordAsync(connection.Transport.Input, patience.Token);
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                // While others wait for their turns, all come at once, and many clients take long to begin: they would only come again.
                if (Gate.Waiting == 0 || _clock.GetElapsedTime(begun) >= _options.HandshakeQueueTimeout)
                {
                    return false;
                }
            }
            catch (ConnectionResetException)
            {
                return false;
            }
        }
    }

    private static async Task<bool> HasRecordAsync(PipeReader input, CancellationToken cancellationToken)
    {
        var read = await input.ReadAtLeastAsync(RecordHeaderLength, cancellationToken);
        var length = LengthOfRecord(read.Buffer);
        input.AdvanceTo(read.Buffer.Start);
        if (length is null or 0)
        {
            return length is not null;
        }

        read = await input.ReadAtLeastAsync(length.Value, cancellationToken);
        var isWhole = read.Buffer.Length >= length;
        input.AdvanceTo(read.Buffer.Start);
        return isWhole;
    }

    /// <returns>With its header; null if the client sent less than a header, 0 if it is no record of a handshake.</returns>
    private static int? LengthOfRecord(ReadOnlySequence<byte> sent)
    {
        if (sent.Length < RecordHeaderLength)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[RecordHeaderLength];
        sent.Slice(0, RecordHeaderLength).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
        return header[0] == HandshakeRecord && length <= MaxRecordLength ? RecordHeaderLength + length : 0;
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
