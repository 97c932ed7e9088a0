using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Copying;

/// <summary>One session of a copy, as the sender sees it: prepared, a member of the group, copying, serving others, ended. Its status may be read on any thread.</summary>
/// <param name="name">Of the results.</param>
internal sealed class CopyTarget(PSSession session, string name) : IAsyncDisposable
{
    private static readonly TimeSpan SetupInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    // A session that is there answers within a second; the longest step of a target's own is to load the engine.
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(60);

    private SessionPipe? _pipe;
    private volatile CopyStatus _status = new("Preparing");

    public string Name => name;

    public CopyStatus Status => _status;

    /// <summary>Finds out what the session is, and starts the engine in it.</summary>
    /// <param name="makeOffer">Makes the bootstrap's argument for a platform.</param>
    /// <param name="getPackage">The package of a platform, for a target that does not reach the sender.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.SessionUnusable"/>, <see cref="ErrorCode.CopyFailed"/>.</exception>
    public async Task<string?> PrepareAsync(Func<string, Hashtable> makeOffer, Func<string, EnginePackage> getPackage, CancellationToken cancellationToken)
    {
        var probe = await SessionProbe.RunAsync(session, cancellationToken).ConfigureAwait(false);
        _pipe = SessionPipe.Open(session, "Bootstrap.ps1", makeOffer(probe.Platform));
        var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (_status.State == CopyStatus.NeedPackage)
        {
            _pipe.Send(new Hashtable { ["Package"] = await File.ReadAllBytesAsync(getPackage(probe.Platform).Path, cancellationToken).ConfigureAwait(false) });
            answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        }

        return (answer[nameof(CopyStart.Destination)] is PSObject wrapped ? wrapped.BaseObject : answer[nameof(CopyStart.Destination)]) as string;
    }

    /// <summary>Lets the target make its account and request to join, and returns when it has.</summary>
    /// <returns>The fingerprint of its peer.</returns>
    public async Task<Hash256> JoinAsync(CopyStart start, CancellationToken cancellationToken)
    {
        await ExchangeAsync(start.ToMessage(), cancellationToken).ConfigureAwait(false);
        await FollowAsync(SetupInterval, state => state is CopyStatus.Joined, cancellationToken).ConfigureAwait(false);
        return Hash256.TryParse(_status.Fingerprint, out var fingerprint)
            ? fingerprint
            : throw new P2PShareException(ErrorCode.CopyFailed, "The target reported no fingerprint.");
    }

    /// <summary>Tells the target that it is a member, and returns when it has all files.</summary>
    public async Task CopyAsync(CancellationToken cancellationToken)
    {
        await ExchangeAsync(new Hashtable { [CopyAgent.Approved] = true }, cancellationToken).ConfigureAwait(false);
        await FollowAsync(Interval, state => state is CopyStatus.Serving, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps the conversation going while the target serves others.</summary>
    public Task ServeAsync(CancellationToken cancellationToken) => FollowAsync(Interval * 5, _ => false, cancellationToken);

    /// <summary>Ends the engine in the session, which removes what it made there.</summary>
    public async Task EndAsync()
    {
        if (_pipe is { } pipe)
        {
            await pipe.CompleteAsync(EndPatience).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => _pipe?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task FollowAsync(TimeSpan interval, Func<string, bool> isReached, CancellationToken cancellationToken)
    {
        while (!isReached(_status.State))
        {
            if (_status.State == CopyStatus.Failed)
            {
                throw new P2PShareException(ErrorCode.CopyFailed, _status.Error ?? "The target failed and did not say why.");
            }

            await Task.Delay(interval, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            await ExchangeAsync(new Hashtable { [CopyAgent.Tick] = true }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ExchangeAsync(Hashtable message, CancellationToken cancellationToken)
    {
        _pipe!.Send(message);
        await ReceiveAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<Hashtable> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(AnswerPatience);
        try
        {
            var answer = await _pipe!.ReceiveAsync(patience.Token).ConfigureAwait(false);
            _status = CopyStatus.FromMessage(answer) ?? throw new P2PShareException(
                ErrorCode.CopyFailed, $"The session answered with something else than a status: {PrintableCharacter.Defuse($"{answer}")}");
            return (Hashtable)answer.BaseObject;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new P2PShareException(ErrorCode.CopyFailed, $"The session did not answer for {AnswerPatience.TotalSeconds:0} seconds.");
        }
    }
}
