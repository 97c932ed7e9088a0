using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>
/// A swarm without sockets and clocks: in each round every peer sends at most one piece and gets at most one, and what
/// it got it can send from the next round on. The best that is possible is M + ⌊log2 N⌋ rounds for M pieces and N receivers.
/// </summary>
public sealed class SwarmSimulationTests
{
    private static readonly int[] Seeds = [1, 2, 3, 4, 5];

    [Theory]
    [InlineData(256, 8)]
    [InlineData(256, 32)]
    [InlineData(512, 16)]
    public void Rarest_first_stays_within_5_percent_of_the_optimum(int pieces, int receivers)
    {
        foreach (var seed in Seeds)
        {
            Assert.InRange(Simulate(pieces, receivers, new Random(seed), countsSources: true) / Optimum(pieces, receivers), 1, 1.05);
        }
    }

    [Theory]
    [InlineData(256, 8)]
    [InlineData(256, 32)]
    public void A_choice_at_random_does_not(int pieces, int receivers)
    {
        var rounds = Seeds.Average(seed => Simulate(pieces, receivers, new Random(seed), countsSources: false));

        Assert.InRange(rounds / Optimum(pieces, receivers), 1.05, 2);
    }

    private static double Optimum(int pieces, int receivers) => pieces + Math.Floor(Math.Log2(receivers));

    // Peer 0 is the seed. A picker that counts no sources takes all pieces for equally rare, and so chooses at random.
    private static int Simulate(int pieces, int receivers, Random random, bool countsSources)
    {
        var all = new Bitfield(pieces);
        all.SetAll();
        Bitfield[] has = [all, .. Enumerable.Range(0, receivers).Select(_ => new Bitfield(pieces))];
        PiecePicker[] pickers = [.. has.Select(have => new PiecePicker(have, random))];
        foreach (var picker in pickers.Skip(1).Where(_ => countsSources))
        {
            picker.AddSource(all);
        }

        for (var round = 1; ; round++)
        {
            (int Peer, int Piece)[] received = [.. Match(has, random).Select(pair => (pair.To, pickers[pair.To].Pick(has[pair.From])))];
            foreach (var (peer, piece) in received)
            {
                has[peer].Set(piece);
                pickers[peer].SetHave(piece);
                foreach (var other in Enumerable.Range(1, receivers).Where(other => other != peer && countsSources))
                {
                    pickers[other].AddHave(piece);
                }
            }

            if (has.All(bits => bits.IsComplete))
            {
                return round;
            }
        }
    }

    // Nothing is planned: the receivers that are furthest behind choose first, each any free sender that has a piece for it.
    private static List<(int From, int To)> Match(Bitfield[] has, Random random)
    {
        int[] senders = [0, .. Enumerable.Range(1, has.Length - 1).OrderBy(_ => random.Next())];
        var taken = new HashSet<int>();
        var pairs = new List<(int From, int To)>();
        foreach (var to in Enumerable.Range(1, has.Length - 1).OrderBy(to => has[to].Count).ThenBy(_ => random.Next()))
        {
            foreach (var from in senders)
            {
                if (from != to && !taken.Contains(from) && HasSomethingFor(has[from], has[to]))
                {
                    taken.Add(from);
                    pairs.Add((from, to));
                    break;
                }
            }
        }

        return pairs;
    }

    private static bool HasSomethingFor(Bitfield from, Bitfield to)
    {
        for (var i = 0; i < from.Bytes.Length; i++)
        {
            if ((from.Bytes[i] & ~to.Bytes[i]) != 0)
            {
                return true;
            }
        }

        return false;
    }
}
