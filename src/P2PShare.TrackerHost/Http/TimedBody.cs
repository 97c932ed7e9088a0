namespace P2PShare.TrackerHost.Http;

/// <summary>A request's body that has to be read within a time, however it drips: a least speed alone lets one byte in a while pass.</summary>
internal sealed class TimedBody : Stream
{
    private readonly Stream _body;
    private readonly TimeSpan _time;
    private readonly Action<long> _onRead;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _ended;
    private long _total;

    /// <param name="time">From now on.</param>
    /// <param name="onRead">Receives how many bytes were read so far; what it throws is thrown to the reader.</param>
    /// <param name="aborted">The client is gone.</param>
    public TimedBody(Stream body, TimeSpan time, TimeProvider clock, Action<long> onRead, CancellationToken aborted)
    {
        _body = body;
        _time = time;
        _onRead = onRead;
        _timer = new CancellationTokenSource(time, clock);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, aborted);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="BadHttpRequestException">408: the time is over.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var count = await _body.ReadAsync(buffer, _ended.Token);
            _total += count;
            _onRead(_total);
            return count;
        }
        catch (OperationCanceledException) when (_timer.IsCancellationRequested)
        {
            throw new BadHttpRequestException($"The request's body took longer than {_time.TotalSeconds} seconds.", StatusCodes.Status408RequestTimeout);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ended.Dispose();
            _timer.Dispose();
        }

        base.Dispose(disposing);
    }
}
