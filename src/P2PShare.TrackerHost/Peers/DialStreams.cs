using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// The streams of requests to dial that peers have open at this instance. Every peer has one, so none has a timer or a thread of its
/// own: one loop sends the heartbeats of all, and ends those whose session has ended, a part of them each second.
/// </summary>
internal sealed partial class DialStreams : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly int Parts = (int)(GroupEventItems.HeartbeatInterval / Tick);

    private readonly TrackerDatabase _database;
    private readonly EventOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<DialStreams> _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<(long User, Hash256 Fingerprint), DialStream> _streams = [];
    private readonly Dictionary<long, int> _perUser = [];
    private bool _hasEnded;
    private long _passedOver;

    public DialStreams(TrackerDatabase database, EventOptions options, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<DialStreams> logger)
    {
        (_database, _options, _clock, _logger) = (database, options, clock, logger);
        database.MessageReceived += OnMessage;
        // Before this service is stopped: the server waits for the responses under way.
        lifetime.ApplicationStopping.Register(EndAll);
    }

    /// <summary>Messages of other instances that this version does not know.</summary>
    public long PassedOver => Interlocked.Read(ref _passedOver);

    /// <summary>Open streams of this process.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>Opens the stream of a peer. An older one of the same peer ends: its connection is lost, or about to be closed.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.QuotaExceeded"/>: too many are open.</exception>
    public DialStream Open(CurrentUser user, Hash256 fingerprint)
    {
        var stream = new DialStream(user, fingerprint);
        lock (_lock)
        {
            var before = _streams.GetValueOrDefault((user.Id, fingerprint));
            if (before is null)
            {
                RequireRoom(user);
                _perUser[user.Id] = _perUser.GetValueOrDefault(user.Id) + 1;
            }

            before?.End();
            _streams[(user.Id, fingerprint)] = stream;
            if (_hasEnded)
            {
                stream.End();
            }
        }

        return stream;
    }

    public void Close(DialStream stream)
    {
        stream.End();
        lock (_lock)
        {
            var key = (stream.User.Id, stream.Fingerprint);
            if (_streams.GetValueOrDefault(key) != stream)
            {
                return;
            }

            _streams.Remove(key);
            if (--_perUser[stream.User.Id] == 0)
            {
                _perUser.Remove(stream.User.Id);
            }
        }
    }

    public override void Dispose()
    {
        _database.MessageReceived -= OnMessage;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, _clock);
        for (var part = 0; await timer.WaitForNextTickAsync(stoppingToken); part = (part + 1) % Parts)
        {
            try
            {
                await MaintainAsync(GetPart(part), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                SessionsUnread(e);
            }
        }
    }

    private async Task MaintainAsync(IReadOnlyList<DialStream> streams, CancellationToken cancellationToken)
    {
        foreach (var stream in streams)
        {
            stream.AddHeartbeat();
        }

        foreach (var some in streams.Chunk(1000))
        {
            var alive = await _database.ReadAsync(
                connection => SessionStore.FindExistingAsync(connection, some.Select(stream => stream.User.SessionHash).Distinct()), cancellationToken);
            foreach (var stream in some.ExceptBy(alive, stream => stream.User.SessionHash))
            {
                stream.End();
            }
        }
    }

    private List<DialStream> GetPart(int part)
    {
        lock (_lock)
        {
            return [.. _streams.Values.Where(stream => (uint)stream.Fingerprint.GetHashCode() % Parts == part)];
        }
    }

    private void RequireRoom(CurrentUser user)
    {
        if (_streams.Count >= _options.DialStreams)
        {
            throw new P2PShareException(
                ErrorCode.QuotaExceeded, $"As many peers as this tracker allows wait for requests to dial ({_options.DialStreams}). The peer works without; ask the tracker's operator.");
        }

        if (_perUser.GetValueOrDefault(user.Id) >= _options.DialStreamsPerUser)
        {
            throw new P2PShareException(
                ErrorCode.QuotaExceeded,
                $"As many peers of '{user.Name}' as one user may have wait for requests to dial ({_options.DialStreamsPerUser}). The peer works without; ask the tracker's operator.");
        }
    }

    private void OnMessage(string message)
    {
        if (DialNotice.TryParse(message) is not { } notice)
        {
            Interlocked.Increment(ref _passedOver);
            return;
        }

        DialStream? stream;
        lock (_lock)
        {
            stream = _streams.GetValueOrDefault((notice.UserId, notice.Fingerprint));
        }

        if (stream?.User.SessionId == notice.SessionId)
        {
            stream.TryAdd(notice.Dial, notice.AskerId, (long)_clock.GetElapsedTime(0).TotalSeconds);
        }
    }

    private void EndAll()
    {
        lock (_lock)
        {
            _hasEnded = true;
            foreach (var stream in _streams.Values)
            {
                stream.End();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Whether the sessions of peers that wait for requests to dial still exist could not be read; they are looked up again.")]
    private partial void SessionsUnread(Exception exception);
}
