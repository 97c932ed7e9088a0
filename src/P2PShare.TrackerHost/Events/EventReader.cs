using System.Threading.Channels;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Events;

/// <summary>One reader of events, between the feed that writes and the response that sends.</summary>
/// <param name="groups">Keys of the groups that it is about; empty: all.</param>
/// <param name="position">Of the last event before it began.</param>
internal sealed class EventReader(CurrentUser user, IReadOnlySet<string> groups, long position)
{
    // Who is that far behind resumes after the last event that it got.
    private const int MaxWaiting = 1024;

    private readonly Channel<GroupEvent> _waiting = Channel.CreateBounded<GroupEvent>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, SingleWriter = false });

    public CurrentUser User => user;

    public long Position => position;

    public ChannelReader<GroupEvent> Waiting => _waiting.Reader;

    public bool IsAbout(string group) => groups.Count == 0 || groups.Contains(AccountName.Key(group));

    public void Add(GroupEvent what)
    {
        if (IsAbout(what.Group) && !_waiting.Writer.TryWrite(what))
        {
            End();
        }
    }

    /// <summary>What waits is still sent.</summary>
    public void End() => _waiting.Writer.TryComplete();
}
