using System.Data.Common;
using Dapper;
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
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        var unchanged = (await PeerStore.FindUnchangedAsync(connection, announces.Select(PeerStore.AnnouncedPeer.Of), options.OnTimeSince(now))).AsList();
        var revocations = await RevocationStore.ReadAsync(
            connection, [.. unchanged.Select(one => announces[(int)one.Number].ToReader((int)one.Number))], tickets, now);
        foreach (var (number, peer) in unchanged)
        {
            found[number] = (peer, new AnnounceResponse(interval, Known: true, [], [.. revocations[(int)number]], revocations.NumberAfter((int)number), choosePause(announces[(int)number])));
        }

        return found;
    }
}
