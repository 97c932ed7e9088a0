using P2PShare.Protocol;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// A write that may be sent again because the response to its first attempt was lost. The repeated one then meets what the
/// first one left, so its error may mean success: the tracker is asked, and the caller sees one success. Does no I/O itself.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Requesting to join, sharing a file, announcing, unregistering a peer, logging in: repeating changes nothing. A
/// session whose token was lost is known to no client and expires.</item>
/// <item>Deleting a group or a membership, leaving, denying, withdrawing files, ending the session: if it is gone, that is success
/// (<see cref="TrackerRequest.TreatAsSuccess"/>).</item>
/// <item>Creating a user whose name is taken then: success if the password opens a session. Changing the password: success if
/// the new one does.</item>
/// <item>Creating a group whose name is taken then: success if the caller owns it and it was created during the call, by the
/// tracker's clock. Requesting to join when the caller is a member then: success if the membership began during the call.
/// Approving a request that does not exist then, and adding a user who is a member then: success if the user is a member. Setting a role changes nothing when repeated. Changing the owner: success if the
/// group has the new owner.</item>
/// <item>Deleting the user: the session is gone then, which may have another cause, so it is an error that says so.</item>
/// </list>
/// <para>If no tracker answers any more, the error of a write whose outcome is unknown says so. A join request that was denied or
/// withdrawn while it was repeated is made again.</para>
/// </remarks>
internal sealed class RepeatedWrite(TrackerRequest request, TimeProvider clock)
{
    // Of the clocks of the trackers, which their operator synchronises.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(5);

    private readonly long _began = clock.GetTimestamp();

    /// <summary>Sends the write, and finds out what an earlier attempt did if the error does not show it.</summary>
    /// <param name="ambiguous">Error codes that an earlier, successful attempt may have caused.</param>
    /// <param name="send">Sends the request.</param>
    /// <param name="findResult">Returns what an earlier attempt made; null if it made nothing.</param>
    public async Task<T> SendAsync<T>(IReadOnlyList<string> ambiguous, Func<Task<T>> send, Func<Task<T?>> findResult)
        where T : class
    {
        try
        {
            return await send().ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.OutcomeUnknown && ambiguous.Contains(e.Code))
        {
            if (await findResult().ConfigureAwait(false) is not { } found)
            {
                throw;
            }

            return found;
        }
    }

    /// <inheritdoc cref="SendAsync{T}"/>
    /// <param name="findOutcome">Returns whether an earlier attempt succeeded.</param>
    public async Task SendAsync(IReadOnlyList<string> ambiguous, Func<Task> send, Func<Task<bool>> findOutcome)
    {
        try
        {
            await send().ConfigureAwait(false);
        }
        catch (P2PShareException e) when (request.OutcomeUnknown && ambiguous.Contains(e.Code))
        {
            if (!await findOutcome().ConfigureAwait(false))
            {
                throw;
            }
        }
    }

    /// <summary>Whether something that the tracker dates was made since this write began.</summary>
    /// <param name="made">By the tracker's clock.</param>
    /// <param name="trackerNow">The tracker's clock now; null if it did not report it.</param>
    /// <remarks>This machine's clock may be wrong, but it runs as fast as the tracker's.</remarks>
    public bool IsMadeSinceStart(DateTimeOffset made, DateTimeOffset? trackerNow) =>
        trackerNow is { } now && made >= now - clock.GetElapsedTime(_began) - ClockTolerance;
}
