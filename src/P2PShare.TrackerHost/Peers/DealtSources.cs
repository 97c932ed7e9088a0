using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// The sources of a content by user. Those that an asker receives are dealt user by user, so that the peers of one user that claim to be complete do not hide those of
/// others that have a part; of each user complete ones come first. They are others for each asker, so that not all begin with the same one.
/// </summary>
internal sealed class DealtSources
{
    private readonly (SourcePeer[] Complete, SourcePeer[] Partial)[] _users;

    public DealtSources(IEnumerable<SourcePeer> peers)
    {
        _users = [.. peers.GroupBy(peer => peer.UserId, (_, own) => Split(own.ToArray()))];
        Count = _users.Sum(user => user.Complete.Length + user.Partial.Length);
    }

    public int Count { get; }

    /// <summary>Deals some of them.</summary>
    /// <param name="asker">Fingerprint of the peer that asks, which is left out.</param>
    public SourcePeer[] Deal(int max, Hash256 asker)
    {
        var dealt = new List<SourcePeer>(Math.Min(max, Count));
        var (first, shift) = (Random.Shared.Next(Math.Max(1, _users.Length)), Random.Shared.Next(int.MaxValue / 2));
        for (var (turn, left) = (0, Count); left > 0 && dealt.Count < max; turn++)
        {
            for (var i = 0; i < _users.Length && dealt.Count < max; i++)
            {
                var (complete, partial) = _users[(first + i) % _users.Length];
                if (turn >= complete.Length + partial.Length)
                {
                    continue;
                }

                left--;
                var peer = turn < complete.Length ? complete[(turn + shift) % complete.Length] : partial[(turn - complete.Length + shift) % partial.Length];
                if (peer.Fingerprint != asker)
                {
                    dealt.Add(peer);
                }
            }
        }

        return [.. dealt];
    }

    private static (SourcePeer[] Complete, SourcePeer[] Partial) Split(SourcePeer[] own)
    {
        Random.Shared.Shuffle(own);
        return (Array.FindAll(own, peer => peer.Complete), Array.FindAll(own, peer => !peer.Complete));
    }
}
