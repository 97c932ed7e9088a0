using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Fetches the chunk map of a content from one source at a time. A source that has none, is too slow, or sends something else is not asked for it
/// again, and is as good for all else as before: a map is a hint. Safe for concurrent use.
/// </summary>
/// <param name="content">Not empty.</param>
internal sealed class ChunkMapFetch(ContentDescription content, TimeProvider clock)
{
    /// <summary>Requests to one source under way.</summary>
    internal const int Window = 16;

    /// <summary>Most sources that are asked one after the other: what waits for the map is not held back longer.</summary>
    internal const int MaxSources = 8;

    /// <summary>How long sources that the tracker named and that are not connected yet are waited for, if those that are have none.</summary>
    internal static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(2);

    /// <summary>How long a source may take for one answer.</summary>
    internal static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a source may take for a whole map after its first answer, and how much longer for each MiB of the map.</summary>
    internal static readonly TimeSpan MapTime = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="MapTime"/>
    internal static readonly TimeSpan TimePerMiB = TimeSpan.FromSeconds(1);

    /// <summary>How long all sources together may take until one has sent a part of a map.</summary>
    internal static readonly TimeSpan FirstPartTime = TimeSpan.FromSeconds(10);

    /// <summary>How long all sources together may take, from the first request on.</summary>
    internal static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly HashSet<DownloadSource> _refused = [];
    private readonly HashSet<int> _pending = [];
    private readonly TaskCompletionSource<ChunkMap?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // When the first source was asked.
    private long? _startedAt;
    private bool _hasAnyPart;
    private DownloadSource? _from;
    // Null until the source has told how long it is.
    private byte[]? _bytes;
    private int _received;
    private int _next;
    private long _answeredAt;
    // When the first part came from the source that is asked.
    private long _firstPartAt;
    // The first one.
    private long? _refusedAt;

    /// <summary>The map; null if no source that was connected in time has one.</summary>
    public Task<ChunkMap?> Completion => _completion.Task;

    /// <summary>Asks what is to be asked next. Called when sources come, and now and then.</summary>
    /// <param name="sources">Those that are connected.</param>
    /// <param name="known">How many sources there may be.</param>
    public void Send(IEnumerable<DownloadSource> sources, int known)
    {
        DownloadSource source;
        List<MapRange> ranges = [];
        lock (_lock)
        {
            if (_completion.Task.IsCompleted)
            {
                return;
            }

            if (_from is not null && IsTooSlow())
            {
                Refuse(_from);
            }

            var usable = sources.Where(one => one is { IsLost: false, Has.Count: > 0 }).ToList();
            // One that has all is the likeliest to have the map.
            _from ??= _refused.Count >= MaxSources ? null : usable.Where(one => !_refused.Contains(one)).MaxBy(one => one.Has!.Count);
            _startedAt ??= _from is null ? null : clock.GetTimestamp();
            if (IsLate() || (_from is null && HasAskedAll(usable.Count, known)))
            {
                _completion.TrySetResult(null);
            }

            if (_from is null || _completion.Task.IsCompleted)
            {
                return;
            }

            source = _from;
            TakeRequests(ranges);
        }

        // Outside the lock: a connection that breaks reports that its source is lost.
        ranges.ForEach(source.Peer.RequestMap);
    }

    /// <summary>Takes an answer. <see cref="Send"/> asks for more.</summary>
    /// <exception cref="WireException">It was not requested.</exception>
    public void Receive(DownloadSource source, MapHeader header, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            // It may answer after it was given up.
            if (_from != source)
            {
                if (!_refused.Contains(source) && !_completion.Task.IsCompleted)
                {
                    throw new WireException("A part of a chunk map arrived that was not requested.");
                }

                return;
            }

            if (!_pending.Remove(header.Offset))
            {
                throw new WireException("A part of a chunk map arrived that was not requested.");
            }

            _answeredAt = clock.GetTimestamp();
            _firstPartAt = _bytes is null ? _answeredAt : _firstPartAt;
            _bytes ??= ChunkMap.CanHaveLength(header.Total, content.Size) ? new byte[header.Total] : null;
            if (_bytes?.Length != header.Total || bytes.Length != Math.Min(MapRange.MaxCount, header.Total - header.Offset))
            {
                Refuse(source);
                return;
            }

            bytes.CopyTo(_bytes.AsSpan(header.Offset));
            _received += bytes.Length;
            _hasAnyPart = true;
            if (_received == _bytes.Length)
            {
                Decode(source, _bytes);
            }
        }
    }

    /// <summary>Records that the source that is asked has no map, or is lost: another one is asked. Of one that was not asked it says nothing.</summary>
    public void Reject(DownloadSource source)
    {
        lock (_lock)
        {
            if (_from == source)
            {
                Refuse(source);
            }
        }
    }

    // A source that answers now and then would hold back all pieces until the end.
    private bool IsTooSlow() => clock.GetElapsedTime(_answeredAt) > AnswerTimeout
        || (_bytes is not null && clock.GetElapsedTime(_firstPartAt) > MapTime + TimePerMiB * ((double)_bytes.Length / (1024 * 1024)));

    private bool IsLate() => _startedAt is { } at && clock.GetElapsedTime(at) > (_hasAnyPart ? MaxTime : FirstPartTime);

    private bool HasAskedAll(int connected, int known) => _refused.Count >= Math.Min(known, MaxSources)
        ? connected > 0
        : _refusedAt is { } at && clock.GetElapsedTime(at) > ConnectTime;

    // Under the lock.
    private void TakeRequests(List<MapRange> ranges)
    {
        var end = _bytes?.Length ?? 1;
        while (_next < end && _pending.Count < Window)
        {
            if (_pending.Count == 0)
            {
                _answeredAt = clock.GetTimestamp();
            }

            _pending.Add(_next);
            ranges.Add(new MapRange(_from!.Peer.ChannelId, _next, MapRange.MaxCount));
            _next += MapRange.MaxCount;
        }
    }

    private void Decode(DownloadSource source, byte[] bytes)
    {
        try
        {
            _completion.TrySetResult(ChunkMap.Decode(bytes, content));
        }
        catch (FormatException)
        {
            Refuse(source);
        }
    }

    private void Refuse(DownloadSource source)
    {
        _refused.Add(source);
        _refusedAt ??= clock.GetTimestamp();
        if (_from == source)
        {
            (_from, _bytes, _received, _next) = (null, null, 0, 0);
            _pending.Clear();
        }
    }
}
