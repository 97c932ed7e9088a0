namespace P2PShare.Fuzz;

/// <summary>A decoder of bytes that strangers send. Whatever it is given, it decodes or refuses; any other exception is a finding.</summary>
/// <param name="Seeds">Valid inputs, which the fuzzer changes.</param>
/// <param name="Try">Decodes one input, and throws if a promise of the decoder does not hold.</param>
internal sealed record FuzzTarget(Func<IEnumerable<byte[]>> Seeds, Action<byte[]> Try)
{
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = new Dictionary<string, FuzzTarget>
    {
        ["frames"] = new(FrameTarget.Seeds, FrameTarget.Try),
        ["tickets"] = new(TicketTarget.SeedTokens, TicketTarget.TryToken),
        ["claims"] = new(TicketTarget.SeedClaims, TicketTarget.TryClaims),
    };
}
