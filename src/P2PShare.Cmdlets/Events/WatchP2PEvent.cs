using System.Management.Automation;
using System.Threading.Channels;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Events;

/// <summary>Writes events in groups as they happen, until it is stopped.</summary>
/// <remarks>
/// <para>
/// Join requests and their answers, members who leave or are removed, new owners, files that are shared or removed: each event
/// is one object with Group and UserName, and for a file its Name, so that other cmdlets of the pipeline bind it as it is.
/// Only events after the start are written (-Verbose reports when it listens). It ends with Ctrl+C, when a later cmdlet takes
/// no more (Select-Object -First 1), when the session ends, and when all groups that -Group names without wildcards were deleted or left:
/// each of these is an error, with the reason.
/// </para>
/// <para>
/// If the connection to the tracker is lost, it connects again, or to the next tracker, and writes the events that happened
/// meanwhile: trackers keep events for an hour. Users receive only the events that concern them: the group's owner receives join
/// requests, the members receive everything else, and a user who asked to join receives the answer.
/// </para>
/// </remarks>
/// <example>
/// <code>Watch-P2PEvent -Group dev</code>
/// <para>Shows the events of the group dev until Ctrl+C.</para>
/// </example>
/// <example>
/// <code>Watch-P2PEvent | Where-Object Kind -eq JoinRequest | Approve-P2PJoinRequest</code>
/// <para>Approves each request to join a group that the user owns as soon as it is made.</para>
/// </example>
/// <example>
/// <code>Watch-P2PEvent -Group builds -Kind FileShared | ForEach-Object { $_ | Receive-P2PFile -Destination ./builds -Force -PassThru }</code>
/// <para>Receives each new file of the group builds, one after the other, and writes it when it is complete.</para>
/// </example>
/// <example>
/// <code>Join-P2PGroup dev; Watch-P2PEvent -Group dev -Kind JoinApproved, JoinDenied | Select-Object -First 1</code>
/// <para>Asks to join dev and waits for the owner's answer.</para>
/// </example>
/// <example>
/// <code>$session = Get-P2PSession; Start-ThreadJob { Watch-P2PEvent -Session $using:session }</code>
/// <para>Watches in the background; Receive-Job writes the events since its last call.</para>
/// </example>
[Cmdlet(VerbsCommon.Watch, "P2PEvent")]
[OutputType(typeof(P2PEvent))]
public sealed class WatchP2PEvent : SessionCmdlet
{
    // Their names are sent in a URL, which has to stay short.
    private const int MostNamed = 50;

    private readonly List<string> _groups = [];

    /// <summary>
    /// Names of groups, wildcards allowed; every group if it is left out. Wildcards also match groups that the user joins later.
    /// Of a group that the user only asked to join, the answer is written.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [FromProperty("Group", "Name")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string[] Group { get; set; } = ["*"];

    /// <summary>The kinds of events to write; all if it is left out.</summary>
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
            // An error was written for each group.
            return;
        }

        var session = CurrentSession;
        try
        {
            await WatchAsync(session, cancellationToken);
        }
        catch (ObjectDisposedException) when (!session.Connected)
        {
            // Throws the error that another runspace disconnected the session.
            _ = CurrentSession;
        }
    }

    private async Task WatchAsync(P2PSession session, CancellationToken cancellationToken)
    {
        // The rest of the pipeline may be slow, and a tracker drops a stream that is not read.
        var arrived = Channel.CreateUnbounded<GroupEvent?>(new UnboundedChannelOptions { SingleReader = true });
        IReadOnlyList<string> named = _groups.Count > MostNamed || _groups.Exists(NameMatch.IsPattern) ? [] : _groups;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(session.Client, named, arrived.Writer, stop.Token);
        try
        {
            await foreach (var what in arrived.Reader.ReadAllAsync(cancellationToken))
            {
                if (what is null)
                {
                    WriteVerbose($"Listening to {session.Tracker}: every later event is written.");
                }
                else if (IsNamed(what.Group))
                {
                    if (Kind.Contains(P2PEvent.KindOf(what)))
                    {
                        WriteObject(new P2PEvent(what));
                    }

                    if (FindEnd(what, session) is { } end && _groups.RemoveAll(name => AccountName.Key(name) == AccountName.Key(what.Group)) > 0)
                    {
                        WriteFault(end, what.Group);
                        if (_groups.Count == 0)
                        {
                            return;
                        }
                    }
                }
            }
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    /// <returns>Why no event of the group follows for this user; null if there may be more.</returns>
    private static P2PShareException? FindEnd(GroupEvent what, P2PSession session) => what.Kind switch
    {
        GroupEventKind.GroupRemoved => new P2PShareException(
            ErrorCode.GroupNotFound, $"The group '{what.Group}' was deleted by {what.UserName}: it is not watched any longer."),
        GroupEventKind.MemberRemoved or GroupEventKind.MemberLeft when AccountName.Key(what.UserName) == AccountName.Key(session.UserName) =>
            new P2PShareException(
                ErrorCode.NotMember, $"{session.UserName} {(what.Kind == GroupEventKind.MemberLeft ? "left" : "was removed from")} the group '{what.Group}': it is not watched any longer."),
        _ => null,
    };

    private bool IsNamed(string group) => _groups.Exists(name => NameMatch.IsMatch(group, name));

    /// <summary>Reads events into a channel. A null marks the moment from which no event is missed.</summary>
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
            // The reader receives it after the events that came before.
            arrived.Complete(e);
        }
    }
}
