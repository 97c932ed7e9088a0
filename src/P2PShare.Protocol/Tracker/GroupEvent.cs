namespace P2PShare.Protocol.Tracker;

/// <summary>An event in a group, as the data of one server-sent event whose id is <paramref name="Id"/>.</summary>
/// <param name="Id">Rises with each event of the tracker; a stream resumed after it (<c>Last-Event-ID</c>) misses nothing of the last hour.</param>
/// <param name="UserName">The user it is about: the one who asks, joined, left, shared or owns.</param>
/// <param name="FileName">Null unless the event is about a file.</param>
public sealed record GroupEvent(long Id, GroupEventKind Kind, Guid GroupId, string Group, string UserName, DateTimeOffset Time, string? FileName = null);
