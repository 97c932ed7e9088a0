using System.Management.Automation;
using System.Threading.Channels;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Events;

/// <summary>Writes what happens in groups, as it happens, until it is stopped.</summary>
/// <remarks>
/// <para>
/// Join requests and their answers, members who leave or are removed, new owners, files that are shared or gone: each is one
/// object, with Group and UserName, and for a file its Name, so that the next cmdlet of the pipeline takes it as it is. It
/// starts with what happens from now on (with -Verbose it says when that is) and ends with Ctrl+C, when a later
/// cmdlet has had enough (Select-Object -First 1), or when the session is over.
/// </para>
/// <para>
/// A tracker that is lost is asked again, or the next one is, and what happened meanwhile comes late instead of never: trackers
/// keep events for an hour. Everybody is told only what concerns them: join requests go to the group's owner, the rest to its
/// members, and the answer to a join request also to who asked.
/// </para>
/// </remarks>
/// <example>
/// <code>Watch-P2PEvent -Group dev</code>
/// <para>Shows what happens in the group dev until Ctrl+C.</para>
/// </example>
/// <example>
/// <code>Watch-P2PEvent | Where-Object Kind -eq JoinRequest | Approve-P2PJoinRequest</code>
/// <para>Lets everybody in who asks to join one of the groups that one owns, as soon as they ask.</para>
/// </example>
/// <example>
/// <code>Watch-P2PEvent -Group builds -Kind FileShared | ForEach-Object { $_ | Receive-P2PFile -Destination ./builds -Force -PassThru }</code>
/// <para>Receives each new file of the group builds, one after the other, and writes it when it is there.</para>
/// </example>
/// <example>
/// <code>Join-P2PGroup dev; Watch-P2PEvent -Group dev -Kind JoinApproved, JoinDenied | Select-Object -First 1</code>
/// <para>Asks to join dev and waits for the owner's answer.</para>
/// </example>
/// <example>
/// <code>$session = Get-P2PSession; Start-ThreadJob { Watch-P2PEvent -Session $using:session }</code>
/// <para>Watches behind the prompt; Receive-Job writes what has happened since it was last asked.</para>
/// </example>
[Cmdlet(VerbsCommon.Watch, "P2PEvent")]
[OutputType(typeof(P2PEvent))]
public sealed class WatchP2PEvent : SessionCmdlet
{
    // They are sent in an address, which has to stay short.
    private const int MostNamed = 50;

    private readonly List<string> _groups = [];

    /// <summary>
    /// Names of groups, wildcards allowed; every group where it is left out. Wildcards also match groups that one joins later.
    /// One may name a group that one only asked to join: what one hears of it is the answer.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>What to write; everything where it is left out.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public P2PEventKind[] Kind { get; set; } = Enum.GetValues<P2PEventKind>();

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Group)
        {
            await TryAsync(group, async () =>
            {
                var session = CurrentSession;
                if (!NameMatch.IsPattern(group))
                {
                    await session.Client.GetGroupAsync(group, cancellationToken);
                }

                _groups.Add(group);
            });
        }
    }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_groups.Count == 0)
        {
            // Why, the errors have said.
            return;
        }

        var session = CurrentSession;
        try
        {
            await WatchAsync(session, cancellationToken);
        }
        catch (ObjectDisposedException) when (!session.Connected)
        {
            // Says that it was disconnected, from another runspace.
            _ = CurrentSession;
        }
    }

    private async Task WatchAsync(P2PSession session, CancellationToken cancellationToken)
    {
        // The rest of the pipeline may take its time with each object, and a tracker drops a stream that nobody reads.
        var arrived = Channel.CreateUnbounded<GroupEvent?>(new UnboundedChannelOptions { SingleReader = true });
        IReadOnlyList<string> named = _groups.Count > MostNamed || _groups.Exists(NameMatch.IsPattern) ? [] : _groups;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(session.Client, named, arrived.Writer, end.Token);
        try
        {
            await foreach (var what in arrived.Reader.ReadAllAsync(cancellationToken))
            {
                if (what is null)
                {
                    WriteVerbose($"Listening to {session.Tracker}: from here on nothing is missed.");
                }
                else if (Kind.Contains(P2PEvent.KindOf(what)) && IsNamed(what.Group))
                {
                    WriteObject(new P2PEvent(what));
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await reading;
        }
    }

    private bool IsNamed(string group) => _groups.Exists(name => NameMatch.IsMatch(group, name));

    /// <summary>Null stands for the moment from which on nothing is missed.</summary>
    private static async Task ReadAsync(
        TrackerSession client, IReadOnlyList<string> groups, ChannelWriter<GroupEvent?> arrived, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var what in client.WatchEventsAsync(groups, () => arrived.TryWrite(null), cancellationToken).ConfigureAwait(false))
            {
                arrived.TryWrite(what);
            }

            arrived.Complete();
        }
        catch (Exception e)
        {
            // Whoever reads meets it after the events that came before.
            arrived.Complete(e);
        }
    }
}
