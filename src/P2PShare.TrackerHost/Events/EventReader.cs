using System.Threading.Channels;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;

namespace P2PShare.TrackerHost.Events;

/// <summary>One stream of events, between the feed that writes and the response that sends.</summary>
/// <param name="groups">Keys of the groups whose events it takes; empty: all.</param>
/// <param name="position">Id of the last event before it began.</param>
internal sealed class EventReader(CurrentUser user, IReadOnlySet<string> groups, long position)
{
    // A client that is further behind than this resumes after the last event that it got.
    private const int MaxWaiting = 1024;

    private readonly Channel<GroupEvent> _waiting = Channel.CreateBounded<GroupEvent>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, SingleWriter = false });

    public CurrentUser User => user;

    public long Position => position;

    public ChannelReader<GroupEvent> Waiting => _waiting.Reader;

    public bool IsAbout(string group) => groups.Count == 0 || groups.Contains(AccountName.Key(group));

    public void Add(GroupEvent groupEvent)
    {
        if (IsAbout(groupEvent.Group) && !_waiting.Writer.TryWrite(groupEvent))
        {
            End();
        }
    }

    /// <summary>Ends the stream; events that wait are still sent.</summary>
    public void End() => _waiting.Writer.TryComplete();
}
