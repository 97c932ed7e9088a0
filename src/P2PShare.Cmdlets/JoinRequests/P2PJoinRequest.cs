using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A user's request to join a group.</summary>
public sealed class P2PJoinRequest
{
    internal P2PJoinRequest(JoinRequestResponse request)
    {
        Group = request.Group;
        UserName = request.UserName;
        Requested = request.Requested.ToLocalTime();
    }

    public string Group { get; }

    public string UserName { get; }

    public DateTimeOffset Requested { get; }

    public override string ToString() => $"{UserName} to {Group}";
}
