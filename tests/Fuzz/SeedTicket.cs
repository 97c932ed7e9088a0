using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;

namespace P2PShare.Fuzz;

internal static class SeedTicket
{
    /// <summary>A ticket for two contents that lasts longer than any run.</summary>
    public static Ticket Make(Hash256 certificate) =>
        new(new Guid("11111111-0000-4000-8000-000000000000"), new Guid("22222222-0000-4000-8000-000000000000"), new Guid("33333333-0000-4000-8000-000000000000"),
            "alice", "builds", [certificate, certificate], certificate, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public static bool IsSame(Ticket ticket)
    {
        var seed = Make(ticket.CertificateHash);
        return ticket.PiecesRoots.SequenceEqual(seed.PiecesRoots) && ticket == seed with { PiecesRoots = ticket.PiecesRoots, Issued = ticket.Issued };
    }
}
