using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Peers;

/// <summary>
/// Answers announces of peers that are known and say nothing new, which nearly all are: they are only looked up. One that is
/// late may soon be forgotten, and is not answered before it is written.
/// </summary>
internal sealed partial class SignsOfLife(DbConnection connection, TrackerOptions options, DateTimeOffset now)
{
    /// <returns>
    /// For each announce, in their order, the id of its peer and the answer; null where something of it has to be written
    /// or its session has ended.
    /// </returns>
    public async Task<IReadOnlyList<(long Peer, AnnounceResponse Answer)?>> AnswerAsync(IReadOnlyList<Announce> announces)
    {
        var found = new (long Peer, AnnounceResponse Answer)?[announces.Count];
        var ended = await RevocationStore.GetAsync(connection, announces.Select(announce => announce.User).DistinctBy(user => user.Id), options, now);
        var interval = (int)options.AnnounceInterval.TotalSeconds;
        foreach (var (number, peer) in await FindAsync(announces))
        {
            found[number] = (peer, new AnnounceResponse(interval, Known: true, [], [.. ended[announces[(int)number].User.Id]]));
        }

        return found;
    }

    // A session that ends takes its peers with it: one that is there has its session.
    private Task<IEnumerable<(long Number, long Peer)>> FindAsync(IReadOnlyList<Announce> announces)
    {
        var rows = connection.Rows(
            "@rows", ("number", "BIGINT"), ("user_id", "BIGINT"), ("session", "TEXT"), ("fingerprint", "TEXT"), ("observed", "TEXT"), ("own", "TEXT"), ("port", "BIGINT"));
        return connection.QueryAsync<(long, long)>(
            $"""
            SELECT r.number, p.id FROM {rows} CROSS JOIN peers p
            WHERE p.user_id = r.user_id AND p.fingerprint = r.fingerprint AND p.last_seen >= @InTimeSince
                AND p.session_hash = r.session AND p.observed_address = r.observed AND p.own_addresses = r.own AND p.port = r.port
            """,
            new
            {
                rows = JsonSerializer.Serialize(
                    announces.Select((announce, number) => new SignRow(
                        number, announce.User.Id, announce.User.SessionHash, announce.Request.Fingerprint.ToString(), announce.Observed, announce.Own, announce.Request.Port)),
                    SignJson.Default.IEnumerableSignRow),
                InTimeSince = options.PeersInTimeSince(now),
            });
    }

    private readonly record struct SignRow(int Number, long UserId, string Session, string Fingerprint, string Observed, string Own, int Port);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(IEnumerable<SignRow>))]
    private sealed partial class SignJson : JsonSerializerContext;
}
