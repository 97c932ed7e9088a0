using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Events;

/// <summary>
/// Reads new events once for all streams of this process: at once where the database tells of a write, and each second
/// for what nobody told of, such as another instance on one SQLite file.
/// </summary>
internal sealed class EventFeed : BackgroundService
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Under a storm of writes, so many reads a second and no more.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly TrackerDatabase _database;
    private readonly TrackerOptions _options;
    private readonly ILogger<EventFeed> _logger;
    private readonly HashSet<EventReader> _streams = [];
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SemaphoreSlim _woken = new(0, 1);
    private volatile bool _anyStreams;
    private bool _ended;
    private long _position;

    public EventFeed(TrackerDatabase database, TrackerOptions options, IHostApplicationLifetime lifetime, ILogger<EventFeed> logger)
    {
        _database = database;
        _options = options;
        _logger = logger;
        database.Written += Wake;
        // Earlier than this service is stopped: the server waits for the responses under way.
        lifetime.ApplicationStopping.Register(EndAll);
    }

    /// <summary>Open ones, of this process.</summary>
    public int StreamCount => _streams.Count;

    /// <summary>Begins a stream of what happens from now on.</summary>
    /// <param name="groups">Keys; empty: all.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.QuotaExceeded"/>: the user has too many open.</exception>
    public async Task<EventReader> OpenAsync(CurrentUser user, IReadOnlySet<string> groups, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_streams.Count(other => other.User.Id == user.Id) >= _options.EventStreamsPerUser)
            {
                throw new P2PShareException(
                    ErrorCode.QuotaExceeded,
                    $"'{user.Name}' watches events as often as one user may at this tracker ({_options.EventStreamsPerUser}): end some, or ask the tracker's operator.");
            }

            if (_streams.Count == 0)
            {
                _position = await _database.ReadAsync(EventStore.LastIdAsync, cancellationToken);
            }
            else
            {
                await ReadAsync(cancellationToken);
            }

            var stream = new EventReader(user, groups, _position);
            _streams.Add(stream);
            _anyStreams = true;
            if (_ended)
            {
                stream.End();
            }

            return stream;
        }
        finally
        {
            _reading.Release();
        }
    }

    public async Task CloseAsync(EventReader stream)
    {
        await _reading.WaitAsync(CancellationToken.None);
        _streams.Remove(stream);
        _anyStreams = _streams.Count > 0;
        _reading.Release();
    }

    public override void Dispose()
    {
        _database.Written -= Wake;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var sessionsChecked = Environment.TickCount64;
        while (true)
        {
            await _woken.WaitAsync(PollInterval, stoppingToken);
            if (!_anyStreams)
            {
                continue;
            }

            await _reading.WaitAsync(stoppingToken);
            try
            {
                await ReadAsync(stoppingToken);
                if (Environment.TickCount64 - sessionsChecked >= PollInterval.TotalMilliseconds)
                {
                    await EndWithoutSessionAsync(_streams, stoppingToken);
                    sessionsChecked = Environment.TickCount64;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _logger.EventsUnread(e, PollInterval);
            }
            finally
            {
                _reading.Release();
            }

            await Task.Delay(Pause, stoppingToken);
        }
    }

    private void Wake()
    {
        if (_anyStreams && _woken.CurrentCount == 0)
        {
            try
            {
                _woken.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else woke it at the same moment.
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredEvent> page;
        do
        {
            (page, var members) = await _database.ReadAsync(ReadPageAsync, cancellationToken);
            var told = page.Select(stored => (
                Event: stored.ToEvent(), Streams: _streams.Where(stream => stored.IsFor(stream.User.Id, members)).ToList())).ToList();
            // Whose session ended before something happened is not told of it.
            await EndWithoutSessionAsync(told.SelectMany(one => one.Streams).Distinct(), cancellationToken);
            foreach (var (what, streams) in told)
            {
                streams.ForEach(stream => stream.Add(what));
            }

            _position = page.Count > 0 ? page[^1].Id : _position;
        }
        while (page.Count == EventStore.PageSize);
    }

    private async Task<(IReadOnlyList<StoredEvent> Events, ILookup<long, long> Members)> ReadPageAsync(DbConnection connection)
    {
        var events = await EventStore.ReadAsync(connection, _position);
        var groups = events.Where(stored => stored.OwnerOnly == 0).Select(stored => stored.GroupId).OfType<long>().Distinct().ToList();
        var members = groups.Count == 0
            ? []
            : await connection.QueryAsync<(long Group, long User)>($"SELECT group_id, user_id FROM members WHERE {connection.In("group_id", "@Groups")}", new { Groups = connection.List(groups) });
        return (events, members.ToLookup(member => member.Group, member => member.User));
    }

    private async Task EndWithoutSessionAsync(IEnumerable<EventReader> streams, CancellationToken cancellationToken)
    {
        foreach (var some in streams.Chunk(EventStore.PageSize))
        {
            var alive = await _database.ReadAsync(
                connection => connection.QueryAsync<string>(
                    $"SELECT token_hash FROM sessions WHERE {connection.In("token_hash", "@Hashes")}",
                    new { Hashes = connection.List(some.Select(stream => stream.User.SessionHash)) }),
                cancellationToken);
            foreach (var stream in some.ExceptBy(alive, stream => stream.User.SessionHash))
            {
                stream.End();
            }
        }
    }

    private void EndAll()
    {
        _reading.Wait();
        _ended = true;
        foreach (var stream in _streams)
        {
            stream.End();
        }

        _reading.Release();
    }
}
