using P2PShare.Protocol;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Looks up the peers that have a content, and connects the download to them. Used by one loop.</summary>
/// <param name="find">Asks the tracker which peers have a content of a group.</param>
/// <param name="deny">Receives the tracker's refusal: the user is not a member any more, the file is gone, and the like.</param>
internal sealed class SourceSearch(
    DownloadRequest request, Hash256 piecesRoot, FindSources find, SourcePool sources, Action<P2PShareException> deny, TimeProvider clock)
{
    // Peers that start together do not see each other at once: the tracker is asked soon again, then less and less often.
    internal static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(500);
    internal static readonly TimeSpan LastInterval = TimeSpan.FromSeconds(30);
    internal static readonly TimeSpan IntervalWithoutSources = TimeSpan.FromSeconds(2);

    // How long an answer of the tracker is waited for beyond the usual, and the peers that it names.
    private static readonly TimeSpan MaxLookUpTime = TimeSpan.FromSeconds(15);

    private readonly long _start = clock.GetTimestamp();
    private TimeSpan _interval = FirstInterval;
    private TimeSpan _dueAt;
    private TimeSpan _notBefore;

    // When the last look-up that has ended was begun.
    private TimeSpan _asked = TimeSpan.MinValue;

    private Task _lookUp = Task.CompletedTask;
    private Task _connecting = Task.CompletedTask;

    private TimeSpan Now => clock.GetElapsedTime(_start);

    /// <summary>Starts a look-up if it is time and none is running. The first one is due at once.</summary>
    public void StartIfDue(CancellationToken cancellationToken)
    {
        var now = Now;
        if (!_lookUp.IsCompleted || now < _dueAt || now < _notBefore)
        {
            return;
        }

        _lookUp = LookUpAsync(now, cancellationToken);
        _dueAt = now + _interval;
        _interval = _interval * 2 < LastInterval ? _interval * 2 : LastInterval;
    }

    /// <summary>Makes the next look-up due soon, because there is no source.</summary>
    public void Hasten()
    {
        var soon = Now + IntervalWithoutSources;
        _dueAt = soon < _dueAt ? soon : _dueAt;
    }

    /// <summary>Whether no source is to be expected any more.</summary>
    /// <param name="usefulAt">When there was one last, a timestamp of the clock.</param>
    /// <param name="timeout">How long to wait for one.</param>
    public bool IsOver(long usefulAt, TimeSpan timeout) => clock.GetElapsedTime(usefulAt) is var idle && idle >= timeout
        && (HasAskedSince(usefulAt) || idle >= timeout + MaxLookUpTime);

    /// <summary>
    /// Whether a look-up that began at a moment, a timestamp of the clock, or later has ended, and its peers were tried, or the tracker has asked for a pause.
    /// </summary>
    public bool HasAskedSince(long moment)
    {
        var (asked, notBefore) = (_asked, _notBefore);
        return _connecting.IsCompleted && (Now < notBefore || asked >= clock.GetElapsedTime(_start, moment));
    }

    /// <summary>Waits until no look-up runs, and no peer is being connected to. Throws nothing.</summary>
    public async Task WaitAsync()
    {
        await _lookUp.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LookUpAsync(TimeSpan begun, CancellationToken cancellationToken)
    {
        try
        {
            var found = await find(request.Group, piecesRoot, cancellationToken).ConfigureAwait(false);
            // Peers that cannot be reached take seconds, in which others may come that can.
            _connecting = Task.WhenAll(_connecting.IsCompleted ? Task.CompletedTask : _connecting, sources.ConnectAsync(found, cancellationToken));
        }
        catch (P2PShareException e)
        {
            sources.LastProblem = e.Message;
            _notBefore = Now + TrackerSession.RetryAfter(e);
            if (e.Code is ErrorCode.NotMember or ErrorCode.GroupNotFound or ErrorCode.FileNotFound or ErrorCode.NotLoggedIn)
            {
                deny(e);
            }
        }
        finally
        {
            _asked = begun;
        }
    }
}
