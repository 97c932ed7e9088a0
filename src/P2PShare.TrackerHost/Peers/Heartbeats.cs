using System.Data.Common;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Answers announces of known peers that change nothing, which nearly all are: they are only looked up. A peer that is
/// late may soon count as offline, and is not answered before it is written.
/// </summary>
internal static class Heartbeats
{
    /// <param name="choosePause">Seconds until a peer announces next.</param>
    /// <returns>
    /// For each announce, in their order, the id of its peer and the response; null if something of it has to be written
    /// or its session has ended.
    /// </returns>
    public static async Task<IReadOnlyList<(long Peer, AnnounceResponse Response)?>> AnswerAsync(
        DbConnection connection, IReadOnlyList<Announce> announces, PeerOptions options, TicketOptions tickets, Func<Announce, int> choosePause, DateTimeOffset now)
    {
        var found = new (long Peer, AnnounceResponse Response)?[announces.Count];
        var revocations = await RevocationStore.ReadAsync(connection, [.. announces.Select((announce, i) => announce.ToReader(i))], tickets, now);
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        foreach (var (number, peer) in await PeerStore.FindUnchangedAsync(connection, announces.Select(PeerStore.AnnouncedPeer.Of), options.OnTimeSince(now)))
        {
            found[number] = (peer, new AnnounceResponse(interval, Known: true, [], [.. revocations[(int)number]], revocations.NumberAfter((int)number), choosePause(announces[(int)number])));
        }

        return found;
    }
}
