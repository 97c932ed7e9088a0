using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;

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

    // Of which a server that sends slowly may think that it has gone.
    private static readonly TimeSpan KeepAliveAfter = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Lock _sending = new();
    // Null: the answer is not needed any more, but will come.
    private readonly Dictionary<Hash256, WantedContent?> _requested = [];
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
                return !IsEnded && _count <= MaxRequested / 2 && _bytes <= MaxRequestedBytes / 2;
            }
        }
    }

    /// <summary>Notes a content that it is asked for.</summary>
    /// <returns>False if there is no room, or the content was requested before and its answer has not come.</returns>
    public bool TryAdd(WantedContent content)
    {
        lock (_lock)
        {
            if (IsEnded || _count >= MaxRequested || (_bytes > 0 && _bytes + content.Size > MaxRequestedBytes) || !_requested.TryAdd(content.PiecesRoot, content))
            {
                return false;
            }

            _progressAt = _requested.Count == 1 ? clock.GetTimestamp() : _progressAt;
            _count++;
            _bytes += content.Size;
            return true;
        }
    }

    /// <summary>Asks for contents that were added.</summary>
    public void Send(string ticket, Guid group, ReadOnlySpan<Hash256> piecesRoots)
    {
        // A ticket that another thread is about to show has to come first.
        lock (_sending)
        {
            connection.SendHello(ticket);
            connection.SendGet(group, piecesRoots);
        }

        Interlocked.Exchange(ref _sentAt, clock.GetTimestamp());
    }

    public void Receive(Hash256 piecesRoot, ReadOnlySpan<byte> bytes)
    {
        WantedContent? content;
        lock (_lock)
        {
            if (!_requested.TryGetValue(piecesRoot, out content))
            {
                throw new WireException($"Content {piecesRoot} came, which was not requested.");
            }

            if (content is not null && content.Size != bytes.Length)
            {
                throw new WireException($"Content {piecesRoot} came with {bytes.Length} bytes; it has {content.Size}.");
            }

            // It takes its room until it is written, and cannot come again.
            _requested.Remove(piecesRoot);
            _progressAt = clock.GetTimestamp();
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
            foreach (var root in piecesRoots)
            {
                if (!_requested.ContainsKey(root))
                {
                    throw new WireException($"Content {root} was refused, which was not requested.");
                }

                if (_requested.Remove(root, out var content) && content is not null)
                {
                    ReleaseCore(content);
                    refused.Add(content);
                }
            }
        }

        fetch.Requeue(this, refused);
    }

    public void Lose() => fetch.Lose(this, isAtFault: !connection.IsDuplicate);

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
            var left = _requested.Values.OfType<WantedContent>().ToList();
            foreach (var root in _requested.Keys.ToList())
            {
                _requested[root] = null;
            }

            (_count, _bytes) = (0, 0);
            return left;
        }
    }

    /// <summary>Keeps the connection alive while it is waited for.</summary>
    /// <param name="patience">The longest that a peer may take for a content.</param>
    /// <returns>Whether it has sent nothing for too long.</returns>
    public bool IsStalled(TimeSpan patience)
    {
        lock (_lock)
        {
            if (_requested.Count == 0 || IsEnded)
            {
                return false;
            }

            if (clock.GetElapsedTime(_progressAt) > patience)
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
