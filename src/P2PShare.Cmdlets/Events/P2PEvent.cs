using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>An event in a group.</summary>
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

    /// <summary>The user whom it is about: the one who asked, joined, left, shared or owns.</summary>
    public string UserName { get; }

    /// <summary>The file's name, with <c>/</c> between folders; null if it is not about a file.</summary>
    public string? Name { get; }

    public override string ToString() => Name is null ? $"{Kind}: {UserName} in {Group}" : $"{Kind}: {Name} in {Group}, by {UserName}";

    // The tracker has the same names.
    internal static P2PEventKind KindOf(GroupEvent what) => Enum.Parse<P2PEventKind>(what.Kind.ToString());
}
