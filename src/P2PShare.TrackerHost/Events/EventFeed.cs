using System.Data.Common;
using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Events;

/// <summary>
/// Reads new events once for all streams of this process: at once when the database reports a write, and each second
/// for writes that it does not report, such as those of another instance on one SQLite file.
/// </summary>
internal sealed partial class EventFeed : BackgroundService
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Bounds the reads per second under a storm of writes.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly TrackerDatabase _database;
    private readonly EventOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventFeed> _logger;
    private readonly Lock _lock = new();
    private readonly HashSet<EventReader> _streams = [];
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Channel<bool> _written = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private volatile bool _hasStreams;
    private bool _hasEnded;
    private long _position;
    private long _passedOver;

    public EventFeed(TrackerDatabase database, EventOptions options, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<EventFeed> logger)
    {
        _database = database;
        _options = options;
        _clock = clock;
        _logger = logger;
        database.Written += OnWritten;
        // Before this service is stopped: the server waits for the responses under way.
        lifetime.ApplicationStopping.Register(EndAll);
    }

    /// <summary>Open streams of this process.</summary>
    public int StreamCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>Events of kinds that this version does not know.</summary>
    public long PassedOver => Interlocked.Read(ref _passedOver);

    /// <summary>Begins a stream of the events from now on.</summary>
    /// <param name="groups">Keys; empty: all.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.QuotaExceeded"/>: the user has too many open.</exception>
    public async Task<EventReader> OpenAsync(CurrentUser user, IReadOnlySet<string> groups, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            var open = Streams();
            if (open.Count(other => other.User.Id == user.Id) >= _options.EventStreamsPerUser)
            {
                throw new P2PShareException(
                    ErrorCode.QuotaExceeded,
                    $"'{user.Name}' has as many streams of events open as one user may at this tracker ({_options.EventStreamsPerUser}): end some, or ask the tracker's operator.");
            }

            if (open.Length == 0)
            {
                _position = (await _database.ReadAsync(EventStore.FindLastAsync, cancellationToken)).Last;
            }
            else
            {
                await ReadAsync(cancellationToken);
            }

            var stream = new EventReader(user, groups, _position);
            lock (_lock)
            {
                _streams.Add(stream);
                _hasStreams = true;
                if (_hasEnded)
                {
                    stream.End();
                }
            }

            return stream;
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Close(EventReader stream)
    {
        lock (_lock)
        {
            _streams.Remove(stream);
            _hasStreams = _streams.Count > 0;
        }
    }

    public override void Dispose()
    {
        _database.Written -= OnWritten;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var sessionsChecked = _clock.GetTimestamp();
        var written = _written.Reader.WaitToReadAsync(stoppingToken).AsTask();
        while (true)
        {
            await ((Task)written).WaitAsync(PollInterval, _clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stoppingToken.ThrowIfCancellationRequested();
            var wasWritten = written.IsCompleted;
            if (wasWritten)
            {
                _written.Reader.TryRead(out _);
                written = _written.Reader.WaitToReadAsync(stoppingToken).AsTask();
            }

            if (!_hasStreams)
            {
                continue;
            }

            await _reading.WaitAsync(stoppingToken);
            try
            {
                await ReadAsync(stoppingToken);
                if (!wasWritten || _clock.GetElapsedTime(sessionsChecked) >= PollInterval)
                {
                    await EndWithoutSessionAsync(Streams(), stoppingToken);
                    sessionsChecked = _clock.GetTimestamp();
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                EventsUnread(e, PollInterval);
            }
            finally
            {
                _reading.Release();
            }

            await Task.Delay(Pause, _clock, stoppingToken);
        }
    }

    private void OnWritten()
    {
        if (_hasStreams)
        {
            _written.Writer.TryWrite(true);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredEvent> page;
        do
        {
            (page, var last, var isBehind, var members, var managers, var formerMembers) = await _database.ReadAsync(ReadPageAsync, cancellationToken);
            var open = Streams();
            var known = page.Where(stored => stored.IsKnown).ToList();
            Interlocked.Add(ref _passedOver, page.Count - known.Count);
            var addressed = known.Select(stored => (
                Event: stored.ToEvent(), Streams: open.Where(stream => stored.IsFor(stream.User.Id, members, managers, formerMembers)).ToList())).ToList();
            // A user whose session ended before an event does not receive it.
            await EndWithoutSessionAsync(addressed.SelectMany(one => one.Streams).Distinct(), cancellationToken);
            foreach (var (groupEvent, streams) in addressed)
            {
                streams.ForEach(stream => stream.Add(groupEvent));
            }

            _position = page.Count == EventStore.PageSize ? page[^1].Id : Math.Max(_position, last);
            if (isBehind)
            {
                // They appear when a transaction that began before them ends, of which nothing is reported.
                OnWritten();
            }
        }
        while (page.Count == EventStore.PageSize);
    }

    private async Task<(IReadOnlyList<StoredEvent> Events, long Last, bool IsBehind, ILookup<long, long> Members, ILookup<long, long> Managers, ILookup<long, long> FormerMembers)> ReadPageAsync(
        DbConnection connection)
    {
        var (last, isBehind) = await EventStore.FindLastAsync(connection);
        var events = await EventStore.ReadAsync(connection, _position, last);
        var groups = events.ToLookup(stored => stored.OwnerOnly == 0, stored => stored.GroupId);
        var removals = events.Select(stored => stored.MembersUntil).OfType<long>().Distinct().ToList();
        return (
            events, last, isBehind, await EventStore.ReadMembersAsync(connection, [.. groups[true].OfType<long>().Distinct()]),
            await EventStore.ReadMembersAsync(connection, [.. groups[false].OfType<long>().Distinct()], MemberRole.Manager), await EventStore.ReadFormerMembersAsync(connection, removals));
    }

    private async Task EndWithoutSessionAsync(IEnumerable<EventReader> streams, CancellationToken cancellationToken)
    {
        foreach (var some in streams.Chunk(EventStore.PageSize))
        {
            var alive = await _database.ReadAsync(
                connection => SessionStore.FindExistingAsync(connection, some.Select(stream => stream.User.SessionHash)), cancellationToken);
            foreach (var stream in some.ExceptBy(alive, stream => stream.User.SessionHash))
            {
                stream.End();
            }
        }
    }

    private EventReader[] Streams()
    {
        lock (_lock)
        {
            return [.. _streams];
        }
    }

    private void EndAll()
    {
        lock (_lock)
        {
            _hasEnded = true;
            foreach (var stream in _streams)
            {
                stream.End();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "New events could not be read; the next try is in {Interval}.")]
    private partial void EventsUnread(Exception exception, TimeSpan interval);
}
