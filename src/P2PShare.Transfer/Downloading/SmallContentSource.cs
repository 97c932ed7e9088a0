using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// A peer that small contents are fetched from, over a connection: what was requested of it and is not written yet. Safe for concurrent
/// use; <see cref="SmallContentFetch"/> decides what it is asked for.
/// </summary>
internal sealed class SmallContentSource(PeerConnection connection, SmallContentFetch fetch, TimeProvider clock) : IContentListener
{
    /// <summary>Most contents that are requested of one peer and are not written yet; fewer than it lets wait.</summary>
    public const int MaxRequested = 256;

    /// <summary>Most bytes of them.</summary>
    public const int MaxRequestedBytes = 4 * 1024 * 1024;

    // Of a peer that has sent little yet: what one holds that hardly sends anything is little.
    private const int FirstRequested = 32;
    private const int FirstRequestedBytes = 256 * 1024;

    // As many seconds at its speed are requested of it.
    private const int SecondsRequested = 4;

    // Of which a server that sends slowly may think that it has gone.
    private static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Lock _sending = new();
    // Null: the answer is not needed any more, but will come.
    private readonly Dictionary<Hash256, (WantedContent? Content, long? SentAt)> _requested = [];
    private readonly SpeedMeter _speed = new(clock);
    private int _received;
    private int _count;
    private long _bytes;
    private long _progressAt = clock.GetTimestamp();
    private long _sentAt = clock.GetTimestamp();

    public Hash256 Fingerprint => connection.RemoteFingerprint;

    public PeerConnection Connection => connection;

    /// <summary>Whether it is not asked any more.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether answers may come that are not needed any more.</summary>
    public bool HasUnanswered
    {
        get
        {
            lock (_lock)
            {
                return _requested.Count > 0;
            }
        }
    }

    /// <summary>Whether it can be asked for many more.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return !IsEnded && _count <= CountLimit / 2 && _bytes <= BytesLimit / 2;
            }
        }
    }

    private long BytesLimit => Math.Clamp((long)(SecondsRequested * _speed.BytesPerSecond), FirstRequestedBytes, MaxRequestedBytes);

    // Twice as many as it has sent: of tiny contents its speed tells little.
    private int CountLimit => Math.Clamp(2 * _received, FirstRequested, MaxRequested);

    /// <summary>Notes a content that it is asked for.</summary>
    /// <returns>False if there is no room, or the content was requested before and its answer has not come.</returns>
    public bool TryAdd(WantedContent content)
    {
        lock (_lock)
        {
            if (IsEnded || _count >= CountLimit || (_bytes > 0 && _bytes + content.Size > BytesLimit) || !_requested.TryAdd(content.PiecesRoot, (content, null)))
            {
                return false;
            }

            _count++;
            _bytes += content.Size;
            return true;
        }
    }

    /// <summary>Asks for contents that were added.</summary>
    public void Send(string ticket, Guid group, ReadOnlySpan<Hash256> piecesRoots)
    {
        // Its time begins here, and not while a limit of speed let it wait.
        var now = clock.GetTimestamp();
        lock (_lock)
        {
            _progressAt = _requested.Values.Any(one => one.SentAt is not null) ? _progressAt : now;
            foreach (var root in piecesRoots)
            {
                if (_requested.TryGetValue(root, out var one))
                {
                    _requested[root] = one with { SentAt = now };
                }
            }
        }

        // A ticket that another thread is about to show has to come first.
        lock (_sending)
        {
            connection.SendHello(ticket);
            connection.SendGet(group, piecesRoots);
        }

        Interlocked.Exchange(ref _sentAt, now);
    }

    public void Receive(Hash256 piecesRoot, ReadOnlySpan<byte> bytes)
    {
        WantedContent? content;
        lock (_lock)
        {
            if (!_requested.TryGetValue(piecesRoot, out var requested))
            {
                throw new WireException($"Content {piecesRoot} came, which was not requested.");
            }

            content = requested.Content;

            if (content is not null && content.Size != bytes.Length)
            {
                throw new WireException($"Content {piecesRoot} came with {bytes.Length} bytes; it has {content.Size}.");
            }

            // It takes its room until it is written, and cannot come again.
            _requested.Remove(piecesRoot);
            _progressAt = clock.GetTimestamp();
            _received++;
            _speed.Add(bytes.Length);
            if (content is null)
            {
                return;
            }
        }

        var buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer);
        fetch.Receive(new ArrivedContent(this, content, buffer));
    }

    public void Refuse(CloseReason reason, IReadOnlyList<Hash256> piecesRoots)
    {
        var refused = new List<WantedContent>();
        lock (_lock)
        {
            // All of them before any is removed: what is not refused after all has to come from elsewhere when the connection ends.
            var seen = new HashSet<Hash256>();
            foreach (var root in piecesRoots)
            {
                if (!_requested.ContainsKey(root) || !seen.Add(root))
                {
                    throw new WireException($"Content {root} was refused, which was not requested.");
                }
            }

            foreach (var root in piecesRoots)
            {
                if (_requested.Remove(root, out var requested) && requested.Content is { } content)
                {
                    ReleaseCore(content);
                    refused.Add(content);
                }
            }
        }

        fetch.Requeue(this, refused);
    }

    // A connection that ends while nothing is due, as an unused one does, is no fault.
    public void Lose() => fetch.Lose(this, isAtFault: !connection.IsDuplicate && HasUnanswered);

    /// <summary>Makes room: a content that has arrived does not wait any more.</summary>
    public void Release(WantedContent content)
    {
        lock (_lock)
        {
            ReleaseCore(content);
        }
    }

    /// <summary>Ends its use. What it was asked for may still come, and is dropped then.</summary>
    /// <returns>What it has not sent.</returns>
    public IReadOnlyList<WantedContent> End()
    {
        lock (_lock)
        {
            IsEnded = true;
            var left = _requested.Values.Select(one => one.Content).OfType<WantedContent>().ToList();
            foreach (var root in _requested.Keys.ToList())
            {
                _requested[root] = _requested[root] with { Content = null };
            }

            (_count, _bytes) = (0, 0);
            return left;
        }
    }

    /// <summary>Keeps the connection alive while it is waited for.</summary>
    /// <param name="patience">The longest that a peer may send nothing.</param>
    /// <param name="most">The longest that it may take for a content.</param>
    /// <returns>Whether it is too slow.</returns>
    public bool IsStalled(TimeSpan patience, TimeSpan most)
    {
        lock (_lock)
        {
            if (IsEnded || _requested.Values.Min(one => one.SentAt) is not { } oldest)
            {
                return false;
            }

            if (clock.GetElapsedTime(_progressAt) > patience || clock.GetElapsedTime(oldest) > most)
            {
                return true;
            }
        }

        if (clock.GetElapsedTime(Interlocked.Read(ref _sentAt)) > KeepAliveAfter)
        {
            Interlocked.Exchange(ref _sentAt, clock.GetTimestamp());
            connection.SendKeepAlive();
        }

        return false;
    }

    private void ReleaseCore(WantedContent content)
    {
        if (!IsEnded)
        {
            _count--;
            _bytes -= content.Size;
        }
    }
}
