using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>Announces with far more addresses than a peer has, all at the same time.</summary>
/// <param name="times">How often, each time over new connections.</param>
internal sealed class LongAnnounces(int connections, int times, int addresses)
    : Attack($"{connections} announces with {addresses} addresses, {times} times")
{
    protected override async Task<IReadOnlyList<string>> AttackAsync(SingleTracker tracker, SimulatedPeers peers, CancellationToken cancellationToken)
    {
        var body = peers.AnnounceOfAddresses(Attacker, addresses);
        var answers = new List<string>();
        for (var time = 0; time < times; time++)
        {
            answers.AddRange(await WithConnectionsAsync(
                tracker,
                connections,
                async (connection, _) => Describe(await connection.AskAsync(HttpMethod.Post, [TrackerRoutes.Peers], peers.TokenOf(Attacker), body, cancellationToken)),
                cancellationToken));
        }

        return answers;
    }
}
