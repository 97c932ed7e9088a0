using System.Collections;
using System.Globalization;
using System.Threading.Channels;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// A whole copy: starts the tracker and this machine's peer, shares the files, brings each session into the group, and ends everything when the
/// last has all. One target that fails does not disturb the others.
/// </summary>
/// <param name="warn">Receives sentences, on any thread.</param>
internal sealed class CopyRun(CopyRequest request, Action<string> warn)
{
    /// <summary>The account of this machine.</summary>
    internal const string SenderName = "sender";

    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(45);

    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private readonly Channel<P2PCopyResult> _results = Channel.CreateUnbounded<P2PCopyResult>();
    private readonly HashSet<CopyTarget> _reported = [];
    private readonly Lock _lock = new();
    private volatile CopyPeer? _peer;
    private long _sharedBytes;

    /// <summary>The targets, in the order of the sessions.</summary>
    public IReadOnlyList<CopyTarget> Targets { get; } = [.. request.Sessions.Select(one => new CopyTarget(one.Session, one.Name))];

    /// <summary>A sentence about how often the files crossed this machine's line; null before the end, and if nothing was sent.</summary>
    public string? Summary { get; private set; }

    /// <summary>What became of each target, as it becomes known; completed when all are known.</summary>
    public ChannelReader<P2PCopyResult> Results => _results.Reader;

    /// <summary>Copies.</summary>
    /// <exception cref="P2PShareException">Nothing could be copied at all.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            SessionLoss.Survive();
            CopyFolder.RemoveStale(Path.GetTempPath(), _clock.GetUtcNow());
            using var folder = CopyFolder.Create();
            var tracker = await EphemeralTracker.StartAsync(folder.Path, Targets.Count + 1, cancellationToken).ConfigureAwait(false);
            await using (tracker.ConfigureAwait(false))
            {
                await RunAsync(folder, tracker, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _results.Writer.TryComplete();
        }
    }

    private async Task RunAsync(CopyFolder folder, EphemeralTracker tracker, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var places = new SemaphoreSlim(request.ThrottleLimit);
        // The targets are prepared meanwhile.
        var sharing = OpenAndShareAsync(folder, tracker, stop.Token);
        var copies = Targets.Select((target, index) => RunTargetAsync(target, $"target{index + 1}", tracker, sharing, places, ending.Token, stop.Token)).ToList();
        try
        {
            // What cannot be shared is no target's fault.
            await sharing.ConfigureAwait(false);
            await Task.WhenAll(copies.Select(copy => copy.Copied)).ConfigureAwait(false);
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested || !sharing.IsCompletedSuccessfully)
            {
                await stop.CancelAsync().ConfigureAwait(false);
            }

            await ending.CancelAsync().ConfigureAwait(false);
            // Each part of it has a limit of its own; a session that is lost at the wrong moment must not keep the others' results.
            await Task.WhenAll(copies.Select(copy => copy.Ended)).WaitAsync(EndPatience, _clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stop.IsCancellationRequested)
            {
                // Whatever happened: no target is passed over in silence.
                foreach (var target in Targets)
                {
                    Report(target, Fail(target, "It ended before the copy was complete, and did not say why."));
                }
            }

            if (_peer is { } peer)
            {
                Summary = Summarize(peer.Server.GetStatus().BytesUploaded);
                await peer.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <returns>
    /// This machine's peer, what it has sent, the group that the targets join, and what they are to receive; a target that is copied from has a group of its own.
    /// </returns>
    private async Task<(CopyPeer Peer, SentBytes Sent, string Group, CopyListing? Listing)> OpenAndShareAsync(CopyFolder folder, EphemeralTracker tracker, CancellationToken cancellationToken)
    {
        const string Group = "copy";
        var peer = _peer = await CopyPeer.OpenAsync(
            tracker.Address, SenderName, await tracker.TakeInvitationAsync().ConfigureAwait(false), Path.Combine(folder.Path, "state"), request.UploadLimit, warn,
            cancellationToken).ConfigureAwait(false);
        var sent = new SentBytes(peer.Server);
        CopyListing? listing = null;
        if (!request.IsFrom)
        {
            await peer.Tracker.CreateGroupAsync(new CreateGroupRequest(Group, Listed: false), cancellationToken).ConfigureAwait(false);
            var shared = await CopyShares.RunAsync(peer, Group, request.Paths, request.Recurse, _ => { }, cancellationToken).ConfigureAwait(false);
            if (shared.Error is { } error)
            {
                throw new P2PShareException(ErrorCode.CopyFailed, error);
            }

            // Nobody else is a member yet: what is listed now is what this machine shared.
            var files = await ListAsync(peer, Group, cancellationToken).ConfigureAwait(false);
            _sharedBytes = files.Sum(file => file.Size);
            listing = CopyListing.Of(files);
        }

        return (peer, sent, Group, listing);
    }

    private (Task Copied, Task Ended) RunTargetAsync(
        CopyTarget target, string userName, EphemeralTracker tracker, Task<(CopyPeer Peer, SentBytes Sent, string Group, CopyListing? Listing)> sharing, SemaphoreSlim places,
        CancellationToken ending, CancellationToken stop)
    {
        var copied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (copied.Task, RunAsync());

        async Task RunAsync()
        {
            await using var ended = target.ConfigureAwait(false);
            try
            {
                await places.WaitAsync(stop).ConfigureAwait(false);
                try
                {
                    Report(target, await CopyAsync(target, userName, tracker, sharing, stop).ConfigureAwait(false));
                }
                finally
                {
                    places.Release();
                    copied.TrySetResult();
                }

                await target.ServeAsync(ending).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested || ending.IsCancellationRequested)
            {
                // The caller, or the last of the others, ended it.
            }
            catch (Exception e)
            {
                // What cannot be shared is no target's fault. One that fails while it serves was reported before.
                if (sharing is not { IsCompleted: true, IsCompletedSuccessfully: false })
                {
                    Report(target, Fail(target, e is P2PShareException or IOException or UnauthorizedAccessException ? e.Message : $"{e.GetType().Name}: {e.Message}", e));
                }
            }
            finally
            {
                copied.TrySetResult();
                await target.EndAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<P2PCopyResult> CopyAsync(
        CopyTarget target, string userName, EphemeralTracker tracker, Task<(CopyPeer Peer, SentBytes Sent, string Group, CopyListing? Listing)> sharing, CancellationToken stop)
    {
        target.Warn = warn;
        await target.PrepareAsync(platform => MakeOffer(tracker, platform), tracker.GetPackage, stop).ConfigureAwait(false);
        var (peer, sent, group, listing) = await sharing.ConfigureAwait(false);
        if (request.IsFrom)
        {
            // One for each: a target is to fetch nothing that others share.
            group = $"copy-{userName}";
            await peer.Tracker.CreateGroupAsync(new CreateGroupRequest(group, Listed: false), stop).ConfigureAwait(false);
        }

        var start = new CopyStart(
            tracker.Address.Authority, tracker.Address.Fingerprint!.Value.ToString(), userName, await tracker.TakeInvitationAsync().ConfigureAwait(false), group,
            request.IsFrom ? null : target.Destination, request.Paths.Count == 1, target.Paths, request.Recurse, request.Force, request.UploadLimit ?? 0, peer.Server.Fingerprint.ToString());
        target.OpenTunnel(tracker.Address.Port, peer.Server.Port);
        var fingerprint = await target.JoinAsync(start, stop).ConfigureAwait(false);
        // Only now: the target has used its secret itself, or would have reported that it could not.
        await peer.Tracker.ApproveJoinAsync(group, userName, stop).ConfigureAwait(false);
        await target.CopyAsync(listing, stop).ConfigureAwait(false);
        await CheckPeersAsync(peer, group, userName, fingerprint, stop).ConfigureAwait(false);
        var status = target.Status;
        if (request.IsFrom)
        {
            var downloads = new CopyDownloads(peer, new CopyDestination(Path.Combine(request.Destination, TargetNames.ToFolder(target.Name)), isSingle: false), request.Force);
            var notShared = status.Error;
            status = await target.FollowAsync(downloads, group, stop).ConfigureAwait(false);
            if (notShared is not null)
            {
                // The rest has arrived.
                throw new P2PShareException(ErrorCode.CopyFailed, $"Not everything could be collected: {notShared}");
            }
        }

        return new P2PCopyResult
        {
            Target = target.Name,
            State = P2PCopyState.Completed,
            Bytes = status.Bytes,
            BytesFromPeers = request.IsFrom ? 0 : Math.Max(0, status.BytesFetched - sent.To(fingerprint)),
            BytesReused = status.BytesReused,
            Seconds = _clock.GetElapsedTime(_started).TotalSeconds,
            Verified = true,
        };
    }

    // The tracker knows who announced what; the session, who the target is.
    private static async Task CheckPeersAsync(CopyPeer peer, string group, string userName, Hash256 fingerprint, CancellationToken cancellationToken)
    {
        await foreach (var found in peer.Tracker.ListPeersAsync(group, ListQuery.All, cancellationToken).ConfigureAwait(false))
        {
            if (string.Equals(found.UserName, userName, StringComparison.OrdinalIgnoreCase) && found.Fingerprint != fingerprint)
            {
                throw new P2PShareException(ErrorCode.CopyFailed, "Another machine than the session's uses the account that was made for it.");
            }
        }
    }

    private static async Task<List<FileResponse>> ListAsync(CopyPeer peer, string group, CancellationToken cancellationToken)
    {
        var files = new List<FileResponse>();
        await foreach (var file in peer.Tracker.ListFilesAsync(group, ListQuery.All, cancellationToken).ConfigureAwait(false))
        {
            files.Add(file);
        }

        return files;
    }

    private Hashtable MakeOffer(EphemeralTracker tracker, string platform)
    {
        var package = tracker.GetPackage(platform);
        return new Hashtable
        {
            ["Platform"] = platform,
            ["Hash"] = package.Hash,
            ["Length"] = (int)package.Length,
            ["Files"] = new Hashtable(EphemeralTracker.HashMarks()),
            ["Addresses"] = tracker.Addresses.ToArray(),
            ["Port"] = tracker.Address.Port,
            ["Fingerprint"] = tracker.Address.Fingerprint!.Value.ToString(),
            ["Destination"] = request.IsFrom ? null : request.Destination,
            ["Paths"] = request.IsFrom ? request.Paths.ToArray() : [],
            ["Literal"] = request.IsLiteral,
            ["Keep"] = request.Keep,
        };
    }

    private string? Summarize(long sent) => _sharedBytes == 0 ? null : string.Create(
        CultureInfo.InvariantCulture, $"This machine sent {ByteText.Size(sent)} of pieces, {(double)sent / _sharedBytes:0.00} times the files, for {Targets.Count} target{(Targets.Count == 1 ? "" : "s")}.");

    private P2PCopyResult Fail(CopyTarget target, string error, Exception? cause = null) => new()
    {
        Target = target.Name,
        State = P2PCopyState.Failed,
        Bytes = target.Status.Bytes,
        BytesReused = target.Status.BytesReused,
        Seconds = _clock.GetElapsedTime(_started).TotalSeconds,
        Error = PrintableCharacter.Defuse(error),
        Cause = cause,
    };

    private void Report(CopyTarget target, P2PCopyResult result)
    {
        // Only the first counts: a target may end while it serves others.
        lock (_lock)
        {
            if (_reported.Add(target))
            {
                _results.Writer.TryWrite(result);
            }
        }
    }
}
