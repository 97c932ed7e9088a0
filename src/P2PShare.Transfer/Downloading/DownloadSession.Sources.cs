using System.Collections.Concurrent;
using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <content>Which peers are asked: found, tried again, exchanged for others, banned.</content>
internal sealed partial class DownloadSession
{
    private const int MaxSources = 16;

    // Where a source is fast, waiting costs more than working: it is asked over connections of which each has a thread that
    // reads, decrypts, hashes and writes what comes over it. More than two gained nothing.
    private const int BulkConnections = 2;
    private const long BulkAfter = 8 * 1024 * 1024;

    // A part of 256 KiB that takes longer holds up its piece, and is worth asking another for where there is one.
    private static readonly TimeSpan MostForOnePart = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RotationInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Hash256, bool> _banned = new();
    private readonly ConcurrentDictionary<Hash256, Attempts> _attempts = new();
    private readonly ConcurrentDictionary<Hash256, bool> _bulk = new();
    private SourceLocator.Sources? _lastLookUp;
    private int _peersKnown;
    private long _rotated = Stopwatch.GetTimestamp();

    /// <summary>Takes a channel as a source.</summary>
    public void Attach(ContentChannel channel)
    {
        if (_banned.ContainsKey(channel.Connection.RemoteFingerprint))
        {
            return;
        }

        var source = new DownloadSource(this, channel);
        lock (_sources)
        {
            if (_sources.Keys.Any(other => other.Channel == channel))
            {
                return;
            }

            _sources[source] = true;
        }

        if (channel.SetListener(source) is { } has)
        {
            ReceiveBitfield(source, has);
        }

        // It may have been dropped since it was found, and then nobody else would tell.
        if (channel.Connection.IsClosed)
        {
            Lost(source);
        }
    }

    /// <summary>The other side closed the channel.</summary>
    public void Refused(DownloadSource source, CloseReason reason)
    {
        _lastProblem = reason switch
        {
            CloseReason.NotOffered => $"{source.Channel.Connection.RemoteEndPoint} does not offer it any more",
            CloseReason.TicketRefused or CloseReason.TicketExpired => $"{source.Channel.Connection.RemoteEndPoint} refused the ticket",
            _ => $"{source.Channel.Connection.RemoteEndPoint} ended the transfer ({reason})",
        };
        Back(source.Fingerprint);
    }

    /// <summary>The channel or its connection is gone.</summary>
    public void Lost(DownloadSource source)
    {
        _sources.TryRemove(source, out _);
        _scheduler!.Leave(source);
        _layer.Lost(source);
        if (source.Channel.Connection.IsDuplicate && !_done.Task.IsCompleted && server.Dialer.Find(source.Fingerprint) is { } twin && _lastLookUp is { } lookUp)
        {
            // Both had dialled, and this was the connection too many.
            twin.SendHello(lookUp.Ticket);
            Attach(twin.Open(_offered!, request.Group));
        }

        if (source.Channel.Connection.IsBulk)
        {
            foreach (var other in _sources.Keys.Where(other => other.Fingerprint == source.Fingerprint))
            {
                other.IsSpare = false;
            }
        }

        if (!_done.Task.IsCompleted)
        {
            AskAll();
        }
    }

    private async Task LookUpAsync(CancellationToken cancellationToken)
    {
        SourceLocator.Sources found;
        try
        {
            found = await server.Sources.FindAsync(request.Group, _content.PiecesRoot!.Value, cancellationToken).ConfigureAwait(false);
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.NotMember or ErrorCode.GroupNotFound or ErrorCode.FileNotFound or ErrorCode.NotLoggedIn)
        {
            // Sources that are connected may go on for as long as their ticket lasts; without any it is over.
            _lastProblem = e.Message;
            if (!HasUsefulSource())
            {
                _done.TrySetException(e);
            }

            return;
        }
        catch (P2PShareException e)
        {
            _lastProblem = e.Message;
            return;
        }

        // Asked far more often than tickets last, so that every connection always has a fresh one.
        _lastLookUp = found;
        foreach (var connection in _sources.Keys.Where(source => source.Channel.UserName is null).Select(source => source.Channel.Connection).Distinct())
        {
            connection.SendHello(found.Ticket);
        }

        _peersKnown = found.Peers.Count;
        var others = found.Peers
            .Where(peer => peer.EndPoints.Count > 0 && peer.Fingerprint != server.Fingerprint && !_banned.ContainsKey(peer.Fingerprint)
                && _sources.Keys.All(source => source.Fingerprint != peer.Fingerprint)
                && (!_attempts.TryGetValue(peer.Fingerprint, out var attempts) || attempts.MayTry))
            .ToArray();
        Random.Shared.Shuffle(others);
        if (others.Length > 0 && _sources.Count >= MaxSources)
        {
            Rotate();
        }

        var wanted = others.Take(MaxSources - _sources.Count);
        await Task.WhenAll(wanted.Select(peer => ConnectAsync(peer, found.Ticket, cancellationToken))).ConfigureAwait(false);
    }

    // The slowest makes room for one that was not tried: whom the first look-up named is chance.
    private void Rotate()
    {
        if (Stopwatch.GetElapsedTime(_rotated) < RotationInterval)
        {
            return;
        }

        _rotated = Stopwatch.GetTimestamp();
        var slowest = _sources.Keys
            .Where(source => source.Channel.UserName is null && !source.Channel.Connection.IsBulk)
            .MinBy(source => source.Speed.BytesPerSecond);
        slowest?.Channel.Connection.Close(slowest.Channel, CloseReason.Done);
    }

    private async Task ConnectAsync(SourcePeer peer, string ticket, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await server.Dialer.ConnectAsync(peer, cancellationToken).ConfigureAwait(false);
            connection.SendHello(ticket);
            Attach(connection.Open(_offered!, request.Group));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _lastProblem = e.Message;
            Back(peer.Fingerprint);
        }
    }

    private void AddBulkConnections(DownloadSource source)
    {
        if (source.Channel.Connection is { IsDialled: true, IsBulk: false } && !_bulk.ContainsKey(source.Fingerprint)
            && source.BytesReceived > BulkAfter && source.Speed.BytesPerSecond > server.BulkAbove && _bulk.TryAdd(source.Fingerprint, true))
        {
            for (var i = 0; i < BulkConnections; i++)
            {
                _ = AddBulkConnectionAsync(source);
            }
        }
    }

    private async Task AddBulkConnectionAsync(DownloadSource source)
    {
        try
        {
            var connection = await server.Dialer.DialBulkAsync(source.Channel.Connection).ConfigureAwait(false);
            if (connection is null || _done.Task.IsCompleted || _lastLookUp is not { } lookUp)
            {
                connection?.Close(CloseReason.Done);
                return;
            }

            connection.SendHello(lookUp.Ticket);
            // First: where the new connection is lost at once, that takes it back.
            source.IsSpare = true;
            Attach(connection.Open(_offered!, request.Group));
        }
        catch (IOException e)
        {
            server.Trace($"No bulk connection to {source.Fingerprint}: {e.Message}");
        }
    }

    private void Ban(Hash256 fingerprint, string why)
    {
        _banned[fingerprint] = true;
        _lastProblem = $"a peer was banned: {why}";
        server.Trace($"The peer {fingerprint} is not asked for '{request.Name}' any more: {why}.");
        foreach (var source in _sources.Keys.Where(source => source.Fingerprint == fingerprint))
        {
            source.Channel.Connection.Close(source.Channel, CloseReason.Done);
        }
    }

    private void Back(Hash256 fingerprint) => _attempts.AddOrUpdate(fingerprint, _ => new Attempts(1), (_, before) => new Attempts(before.Count + 1));

    private void DropStalled()
    {
        foreach (var source in _sources.Keys)
        {
            if (IsSilent(source) || IsTrickling(source) || _layer.IsStalled(source, server.StallTimeout / 2))
            {
                _lastProblem = $"{source.Channel.Connection.RemoteEndPoint} stopped sending";
                Back(source.Fingerprint);
                source.Channel.Connection.Dispose();
            }
        }
    }

    private bool IsSilent(DownloadSource source) =>
        source.Silence > (source.Patience < server.StallTimeout ? source.Patience : server.StallTimeout);

    private bool IsTrickling(DownloadSource source) =>
        source.Receiving is var (piece, since) && Stopwatch.GetElapsedTime(since) > MostForOnePart
            && _sources.Keys.Any(other => other.Fingerprint != source.Fingerprint && other.Has is { } has && has[piece]);

    private bool HasUsefulSource() => _sources.Keys.Any(source => (_canVerify || _layer.MayGive(source)) && _scheduler!.IsInteresting(source));

    private P2PShareException NoSource()
    {
        var why = _lastProblem is { } problem ? $" The last problem: {problem.TrimEnd('.')}." : "";
        var peers = _peersKnown == 0
            ? "No peer that has it is online"
            : $"None of the {_peersKnown} peers that the tracker knows could give what is missing";
        return new P2PShareException(
            ErrorCode.NoSourceOnline,
            $"'{request.Name}' of group '{request.Group}' could not be fetched. {peers}.{why} What was verified is kept: run the same command again when one is.");
    }

    /// <summary>How often a peer failed in a row, and when it may be tried again.</summary>
    private sealed class Attempts(int count)
    {
        private readonly long _next = Environment.TickCount64
            + (long)Math.Min(FirstBackoff.TotalMilliseconds * Math.Pow(2, count - 1), LastBackoff.TotalMilliseconds);

        public int Count { get; } = count;

        public bool MayTry => Environment.TickCount64 >= _next;
    }
}
