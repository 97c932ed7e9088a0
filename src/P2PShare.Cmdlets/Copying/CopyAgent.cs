using System.Collections;
using System.Management.Automation;
using System.Net;
using P2PShare.Cmdlets.Files;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// The engine's side in the session of a target: a peer that does what the sender's messages say, and reports how far it is. For the script
/// that <c>Copy-P2PItem</c> runs there; not for other programs.
/// </summary>
/// <remarks>It needs no command of the module, so that it runs in a load context of its own, beside a module of another version.</remarks>
public sealed class CopyAgent : IDisposable
{
    /// <summary>The message that says that the target is a member of the group, with the <see cref="CopyListing"/> of what it is to receive.</summary>
    internal const string Approved = nameof(Approved);

    /// <summary>The message that only asks for the status.</summary>
    internal const string Tick = nameof(Tick);

    /// <summary>The key, in messages and answers, of what goes through a tunnel.</summary>
    internal const string TunnelKey = "Tunnel";

    /// <summary>The way of a tunnel to the sender's tracker.</summary>
    internal const string TrackerWay = "Tracker";

    /// <summary>The way of a tunnel to the sender's peer.</summary>
    internal const string PeerWay = "Peer";

    // How long an answer waits for bytes that are to go through the session.
    private static readonly TimeSpan TunnelPatience = TimeSpan.FromMilliseconds(20);

    // A target that another peer can dial has its first piece within seconds.
    private static readonly TimeSpan StallPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(8);

    private readonly string _folder;
    private readonly string _address;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<CopyListing?> _approved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _work = Task.CompletedTask;
    private CopyDownloads? _downloads;
    private SessionTunnel? _tunnel;
    private volatile IPEndPoint? _detour;
    private volatile CopyStatus _status = new(CopyStatus.Ready);

    /// <param name="folder">A private folder, which the caller removes.</param>
    /// <param name="address">The address at which this machine reaches the sender; empty: only through the session.</param>
    public CopyAgent(string folder, string address)
    {
        (_folder, _address) = (folder, address);
        CopyFolder.RemoveStale(Path.GetTempPath(), TimeProvider.System.GetUtcNow());
    }

    /// <summary>Takes a message of the sender's.</summary>
    /// <returns>The status, for the sender.</returns>
    public Hashtable Handle(object? message)
    {
        if (BaseObject.Of(message) is Hashtable table)
        {
            if (CopyStart.FromMessage(table) is { } start)
            {
                _status = new CopyStatus(CopyStatus.Joining);
                // Before the work begins: the next message may carry its bytes.
                _tunnel = _address.Length > 0 ? null : new SessionTunnel(new Dictionary<string, IPEndPoint>());
                _work = Task.Run(() => RunAsync(start, _stop.Token));
            }
            else if (table.ContainsKey(Approved))
            {
                _approved.TrySetResult(CopyListing.FromMessage(table));
            }

            _tunnel?.Put(table[TunnelKey]);
        }

        var answer = (_status is { State: CopyStatus.Copying } && _downloads is { } downloads ? downloads.Status : _status).ToMessage();
        if (_tunnel is { IsUsed: true } tunnel)
        {
            PipelineContext.Wait(WaitAsync(tunnel));
            answer[TunnelKey] = tunnel.Take();
        }

        return answer;

        static async Task WaitAsync(SessionTunnel tunnel) => await tunnel.WaitAsync(TunnelPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Ends the peer; what is unfinished is kept.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        PipelineContext.Wait(EndAsync());
        _tunnel?.Dispose();
        _stop.Dispose();

        async Task EndAsync() => await _work.WaitAsync(EndPatience, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync(CopyStart start, CancellationToken stop)
    {
        try
        {
            await RunCoreAsync(start, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // The sender shows it; nobody else awaits this.
            _status = _status with { State = CopyStatus.Failed, Error = e is P2PShareException ? e.Message : $"{e.GetType().Name} in {e.TargetSite?.DeclaringType?.Name}.{e.TargetSite?.Name}: {e.Message}" };
        }
    }

    private async Task RunCoreAsync(CopyStart start, CancellationToken stop)
    {
        var given = TrackerAddress.Parse(start.Tracker, Hash256.Parse(start.Fingerprint));
        var tracker = _tunnel is { } tunnel
            ? given with { Host = "127.0.0.1", Port = tunnel.Listen(TrackerWay) }
            : given with { Host = _address };
        var sender = Hash256.Parse(start.SenderFingerprint);
        var peer = await CopyPeer.OpenAsync(
            tracker, start.UserName, start.Invitation, Path.Combine(_folder, "state"), start.UploadLimit > 0 ? start.UploadLimit : null, _ => { }, stop,
            fingerprint => fingerprint == sender ? _detour : null).ConfigureAwait(false);
        await using (peer.ConfigureAwait(false))
        {
            await peer.Tracker.RequestJoinAsync(start.Group, stop).ConfigureAwait(false);
            var fingerprint = peer.Server.Fingerprint.ToString();
            _status = new CopyStatus(CopyStatus.Joined, fingerprint);
            var listing = await _approved.Task.WaitAsync(stop).ConfigureAwait(false);
            _status = new CopyStatus(CopyStatus.Copying, fingerprint);
            if (start.Destination is { } destination)
            {
                // A message without one allows nothing.
                _downloads = new CopyDownloads(peer, new CopyDestination(destination, start.IsSingle), start.Force, listing ?? CopyListing.Of([]), CopyRun.SenderName);
                using var done = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var watching = WatchAsync(_downloads, done.Token);
                var result = await _downloads.RunAsync(start.Group, stop).ConfigureAwait(false);
                await done.CancelAsync().ConfigureAwait(false);
                await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                _status = result.Error is null
                    ? result with { State = CopyStatus.Serving }
                    : result with { State = CopyStatus.Failed };
            }
            else
            {
                _status = await CopyShares.RunAsync(
                    peer, start.Group, start.Paths, start.Recurse, bytes => _status = new CopyStatus(CopyStatus.Copying, fingerprint, bytes), stop).ConfigureAwait(false);
            }

            // What it has, others may want.
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(false);
        }
    }

    // Where no peer can be dialled and none dials this one, the bytes go through the session.
    private async Task WatchAsync(CopyDownloads downloads, CancellationToken cancellationToken)
    {
        if (_tunnel is not { } tunnel)
        {
            return;
        }

        long before;
        do
        {
            before = downloads.Status.Bytes;
            await Task.Delay(StallPatience, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
        while (downloads.Status.Bytes != before);

        _detour = new IPEndPoint(IPAddress.Loopback, tunnel.Listen(PeerWay));
        downloads.IsThroughSession = true;
    }
}
