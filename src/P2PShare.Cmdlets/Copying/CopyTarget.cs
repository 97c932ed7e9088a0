using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Copying;

/// <summary>One session of a copy, as the sender sees it: prepared, a member of the group, copying, serving others, ended. Its status may be read on any thread.</summary>
/// <param name="name">Of the results.</param>
internal sealed class CopyTarget(PSSession session, string name) : IAsyncDisposable
{
    private static readonly TimeSpan SetupInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(6);

    private SessionPipe? _pipe;
    private SessionTunnel? _tunnel;
    private bool _isDirect;
    private bool _hasWarned;
    private volatile CopyStatus _status = new("Preparing");

    /// <summary>How long a target may take to make its account and to ask to join: many do at once, and each costs the tracker a hash of a password. A test sets less.</summary>
    public static TimeSpan JoinPatience { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a target may answer without a byte more: it may read a large old file meanwhile, no piece of which is right. A test sets less.</summary>
    public static TimeSpan CopyPatience { get; set; } = TimeSpan.FromMinutes(15);

    public string Name => name;

    public CopyStatus Status => _status;

    /// <summary>Receives sentences.</summary>
    public Action<string>? Warn { get; set; }

    /// <summary>The destination as a full path, as the session resolved it; null if the target shares.</summary>
    public string? Destination { get; private set; }

    /// <summary>The files and folders to share, as the session resolved them.</summary>
    public IReadOnlyList<string> Paths { get; private set; } = [];

    /// <summary>Finds out what the session is, and starts the engine in it.</summary>
    /// <param name="makeOffer">Makes the bootstrap's argument for a platform.</param>
    /// <param name="getPackage">The package of a platform, for a target that does not reach the sender.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.SessionUnusable"/>, <see cref="ErrorCode.CopyFailed"/>.</exception>
    public async Task PrepareAsync(Func<string, Hashtable> makeOffer, Func<string, EnginePackage> getPackage, CancellationToken cancellationToken)
    {
        var probe = await SessionProbe.RunAsync(session, cancellationToken).ConfigureAwait(false);
        _pipe = SessionPipe.Open(session, "Bootstrap.ps1", makeOffer(probe.Platform));
        var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (_status.State == CopyStatus.NeedPackage)
        {
            _pipe.Send(new Hashtable { ["Package"] = await File.ReadAllBytesAsync(getPackage(probe.Platform).Path, cancellationToken).ConfigureAwait(false) });
            answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }

        _isDirect = BaseObject.Of(answer["Address"]) is string { Length: > 0 };
        Destination = BaseObject.Of(answer[nameof(CopyStart.Destination)]) as string;
        // They go back to where they came from.
        Paths = [.. (BaseObject.Of(answer[nameof(CopyStart.Paths)]) as IEnumerable ?? Array.Empty<object>()).Cast<object>().Select(path => $"{path}")];
    }

    /// <summary>Lets a target that does not reach this machine reach the tracker, and if need be the peer, through the session.</summary>
    public void OpenTunnel(int trackerPort, int peerPort) => _tunnel = _isDirect ? null : new SessionTunnel(new Dictionary<string, IPEndPoint>
    {
        [CopyAgent.TrackerWay] = new(IPAddress.Loopback, trackerPort),
        [CopyAgent.PeerWay] = new(IPAddress.Loopback, peerPort),
    });

    /// <summary>Lets the target make its account and request to join, and returns when it has.</summary>
    /// <returns>The fingerprint of its peer.</returns>
    public async Task<Hash256> JoinAsync(CopyStart start, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(JoinPatience);
        try
        {
            await ExchangeAsync(start.ToMessage(), patience.Token).ConfigureAwait(false);
            await FollowAsync(SetupInterval, state => state is CopyStatus.Joined, null, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new P2PShareException(
                ErrorCode.CopyFailed, $"The target did not join within {JoinPatience.TotalSeconds:0} seconds. Copy to fewer machines at a time, with -ThrottleLimit.");
        }

        return Hash256.TryParse(_status.Fingerprint, out var fingerprint)
            ? fingerprint
            : throw new P2PShareException(ErrorCode.CopyFailed, "The target reported no fingerprint.");
    }

    /// <summary>Tells the target that it is a member, and returns when it has, or has shared, all files.</summary>
    /// <param name="listing">What it is to receive; null if it shares.</param>
    public async Task CopyAsync(CopyListing? listing, CancellationToken cancellationToken)
    {
        var message = new Hashtable { [CopyAgent.Approved] = true };
        listing?.AddTo(message);
        await ExchangeAsync(message, cancellationToken).ConfigureAwait(false);
        await FollowAsync(Interval, state => state is CopyStatus.Serving, CopyPatience, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps the conversation going while this machine receives what the target shares.</summary>
    public async Task<CopyStatus> FollowAsync(CopyDownloads downloads, string group, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var received = downloads.RunAsync(group, both.Token);
        var serving = FollowAsync(Interval, _ => false, CopyPatience, both.Token, () => downloads.Status);
        try
        {
            await await Task.WhenAny(received, serving).ConfigureAwait(false);
            var status = await received.ConfigureAwait(false);
            return status.Error is null ? status : throw new P2PShareException(ErrorCode.CopyFailed, status.Error);
        }
        finally
        {
            await both.CancelAsync().ConfigureAwait(false);
            // Nothing of a target that is given up goes on.
            await Task.WhenAll(received, serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Keeps the conversation going while the target serves others.</summary>
    public Task ServeAsync(CancellationToken cancellationToken) => FollowAsync(Interval * 5, _ => false, null, cancellationToken);

    /// <summary>Ends the engine in the session, which removes what it made there.</summary>
    public async Task EndAsync()
    {
        _tunnel?.Dispose();
        if (_pipe is { } pipe)
        {
            await pipe.CompleteAsync(EndPatience).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync()
    {
        _tunnel?.Dispose();
        return _pipe?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    // Without patience its caller, or the end of the others, ends it.
    private async Task FollowAsync(
        TimeSpan interval, Func<string, bool> isReached, TimeSpan? patience, CancellationToken cancellationToken, Func<CopyStatus>? show = null)
    {
        var (before, since) = (Advance(), TimeProvider.System.GetTimestamp());
        while (!isReached(_status.State))
        {
            if (_status.State == CopyStatus.Failed)
            {
                throw new P2PShareException(ErrorCode.CopyFailed, _status.Error ?? "The target failed and did not say why.");
            }

            // A tunnel's bytes do not wait; its other end answers when it has some.
            await Task.Delay(_tunnel is { IsUsed: true } ? TimeSpan.Zero : _tunnel is null ? interval : SetupInterval, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            await ExchangeAsync(new Hashtable { [CopyAgent.Tick] = true }, cancellationToken).ConfigureAwait(false);
            if (show is not null && _status.State != CopyStatus.Failed)
            {
                _status = show();
            }

            if (Advance() != before)
            {
                (before, since) = (Advance(), TimeProvider.System.GetTimestamp());
            }
            else if (TimeProvider.System.GetElapsedTime(since) > patience)
            {
                throw new P2PShareException(
                    ErrorCode.CopyFailed,
                    $"The target answers, and did not advance for {patience.Value.TotalSeconds:0} seconds. What it received is kept; the same command continues it.");
            }
        }

        (long Bytes, long Fetched) Advance() => (_status.Bytes, _status.BytesFetched);
    }

    private async Task ExchangeAsync(Hashtable message, CancellationToken cancellationToken)
    {
        if (_tunnel is { } tunnel)
        {
            message[CopyAgent.TunnelKey] = tunnel.Take();
        }

        _pipe!.Send(message);
        var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        _tunnel?.Put(answer[CopyAgent.TunnelKey]);
        if (_status.IsThroughSession && !_hasWarned)
        {
            _hasWarned = true;
            Warn?.Invoke($"{name} and this machine cannot reach each other: its bytes go through the session, which is slow.");
        }
    }

    private async Task<Hashtable> ReceiveAsync(CancellationToken cancellationToken)
    {
        var answer = await _pipe!.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        _status = CopyStatus.FromMessage(answer) ?? throw new P2PShareException(
            ErrorCode.CopyFailed, $"The session answered with something else than a status: {PrintableCharacter.Defuse($"{answer}")}");
        return (Hashtable)answer.BaseObject;
    }
}
