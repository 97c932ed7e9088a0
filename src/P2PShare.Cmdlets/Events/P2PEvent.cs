using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>Something that happened in a group.</summary>
public sealed class P2PEvent
{
    internal P2PEvent(GroupEvent what)
    {
        Time = what.Time.ToLocalTime();
        Kind = KindOf(what);
        Group = what.Group;
        UserName = what.UserName;
        Name = what.FileName;
    }

    public DateTimeOffset Time { get; }

    public P2PEventKind Kind { get; }

    public string Group { get; }

    /// <summary>Whom it is about: who asks, joined, left, shared, owns.</summary>
    public string UserName { get; }

    /// <summary>Of the file, <c>/</c> between folders; null unless it is about one.</summary>
    public string? Name { get; }

    public override string ToString() => Name is null ? $"{Kind}: {UserName} in {Group}" : $"{Kind}: {Name} in {Group}, by {UserName}";

    // The words are the tracker's own.
    internal static P2PEventKind KindOf(GroupEvent what) => Enum.Parse<P2PEventKind>(what.Kind.ToString());
}
