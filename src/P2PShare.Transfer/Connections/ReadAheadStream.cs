using System.Net.Sockets;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Reads a network stream in large steps. TLS asks for one record of 16 KiB at a time; most of its reads are served from here at
/// once, and only one in many has to wait for the network and be woken again.
/// </summary>
/// <param name="network">Owned.</param>
/// <param name="isBlocking">
/// Whether the thread that reads or writes waits in the system call, also in the asynchronous methods. A socket's first
/// asynchronous call makes it non-blocking for good, so a stream over a blocking one never makes any.
/// </param>
internal sealed class ReadAheadStream(Stream network, bool isBlocking) : Stream, IWriteProgress
{
    private const int FirstLength = 16 * 1024;
    private const int LastLength = 1024 * 1024;

    // Of all streams of this process together: what a thousand fast peers may take.
    private const long MaxGrown = 64 * 1024 * 1024;

    // Reads in a row that were small for the buffer, after which it is halved.
    private const int SmallReads = 16;

    private static long _grown;

    // The network keeps the system's time, whatever clock the peer has.
    private readonly ReadPacing _pacing = new(TimeProvider.System);
    private byte[] _buffer = new byte[FirstLength];
    private int _start;
    private int _end;
    private int _smallReads;
    private long _grownHere;

    public long WriteSteps { get; private set; }

    /// <summary>Bytes above their first length that all streams of this process hold.</summary>
    internal static long GrownBytes => Interlocked.Read(ref _grown);

    /// <summary>The way to the other side; null if it is not known.</summary>
    public TcpPath? Path => network is NetworkStream { Socket: var socket } ? TcpPath.Read(socket) : null;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _start < _end || isBlocking ? new ValueTask<int>(Read(buffer.Span)) : FillAndTakeAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_start == _end)
        {
            Resize();
            (_start, _end) = (0, network.Read(_buffer));
        }

        return Take(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        WriteSteps++;
        if (!isBlocking)
        {
            return network.WriteAsync(buffer, cancellationToken);
        }

        network.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => network.Write(buffer, offset, count);

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            network.Dispose();
            Interlocked.Add(ref _grown, -(Interlocked.Exchange(ref _grownHere, 0)));
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> FillAndTakeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Resize();
        if (_pacing.IsOn && network is NetworkStream { Socket: var socket })
        {
            await PauseAsync(socket, cancellationToken).ConfigureAwait(false);
        }

        var read = await network.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
        _pacing.Add(read);
        (_start, _end) = (0, read);
        return Take(buffer.Span);
    }

    // The runtime is woken for every packet, also while nobody reads, unless the system waits for more of them (SO_RCVLOWAT, socket(7)).
    private static async Task PauseAsync(Socket socket, CancellationToken cancellationToken)
    {
        SetLeast(socket, ReadPacing.LargeRead);
        try
        {
            await Task.Delay(ReadPacing.Pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            SetLeast(socket, 1);
        }
    }

    private static void SetLeast(Socket socket, int bytes)
    {
        const int SolSocket = 1;
        const int ReceiveLowWater = 18;
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption(SolSocket, ReceiveLowWater, BitConverter.GetBytes(bytes));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The read that follows says why.
        }
    }

    // A connection that only sends keeps a small buffer, and one that received much gives it back: there may be a thousand of them.
    private void Resize()
    {
        if (_end == _buffer.Length)
        {
            _smallReads = 0;
            if (_end < LastLength && Interlocked.Add(ref _grown, _end) <= MaxGrown)
            {
                _grownHere += _end;
                _buffer = GC.AllocateUninitializedArray<byte>(_end * 2);
            }
            else if (_end < LastLength)
            {
                Interlocked.Add(ref _grown, -_end);
            }
        }
        else if (_buffer.Length > FirstLength && _end < _buffer.Length / 8 && ++_smallReads >= SmallReads)
        {
            _smallReads = 0;
            var length = _buffer.Length / 2;
            Interlocked.Add(ref _grown, -length);
            _grownHere -= length;
            _buffer = GC.AllocateUninitializedArray<byte>(length);
        }
    }

    private int Take(Span<byte> buffer)
    {
        var taken = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, taken).CopyTo(buffer);
        _start += taken;
        return taken;
    }
}
