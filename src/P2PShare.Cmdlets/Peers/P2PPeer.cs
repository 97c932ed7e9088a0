using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A peer online that offers something in a group.</summary>
public sealed class P2PPeer
{
    internal P2PPeer(PeerResponse peer)
    {
        Group = peer.Group;
        UserName = peer.UserName;
        EndPoints = peer.EndPoints;
        Complete = peer.CompleteContents;
        Partial = peer.PartialContents;
        LastSeen = peer.LastSeen.ToLocalTime();
        Fingerprint = peer.Fingerprint.ToString();
    }

    public string Group { get; }

    /// <summary>Whose it is. A user has one for each machine that they share from.</summary>
    public string UserName { get; }

    /// <summary>Where it is tried, <c>address:port</c>; empty for a peer that accepts no connections.</summary>
    public IReadOnlyList<string> EndPoints { get; }

    /// <summary>How many of the group's files it has all of; the same content under two names counts once.</summary>
    public int Complete { get; }

    /// <summary>How many of the group's files it has a part of.</summary>
    public int Partial { get; }

    /// <summary>When it last announced itself to the tracker.</summary>
    public DateTimeOffset LastSeen { get; }

    /// <summary>SHA-256 of its certificate's public key in lower-case hexadecimal digits, which names the peer.</summary>
    public string Fingerprint { get; }

    public override string ToString() => $"{UserName} in {Group}";
}
