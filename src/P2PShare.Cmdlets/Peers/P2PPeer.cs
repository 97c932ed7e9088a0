using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>A peer that is online and offers files of a group.</summary>
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

    /// <summary>The user of the peer. A user has one for each machine from which they share.</summary>
    public string UserName { get; }

    /// <summary>The addresses at which it is dialled, <c>address:port</c>; empty for a peer that accepts no connections.</summary>
    public IReadOnlyList<string> EndPoints { get; }

    /// <summary>Number of the group's files that it has completely; the same content under two names counts once.</summary>
    public int Complete { get; }

    /// <summary>Number of the group's files of which it has a part.</summary>
    public int Partial { get; }

    /// <summary>When it last announced itself to the tracker.</summary>
    public DateTimeOffset LastSeen { get; }

    /// <summary>SHA-256 of its certificate's public key in lower-case hexadecimal digits, which identifies the peer.</summary>
    public string Fingerprint { get; }

    public override string ToString() => $"{UserName} in {Group}";
}
