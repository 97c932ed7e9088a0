namespace P2PShare.Protocol.Tracker;

/// <summary>Announces a peer. Sent at start, at every change and once an interval.</summary>
/// <param name="Fingerprint">Of the peer's certificate.</param>
/// <param name="Port">TCP port it listens on; 0 if it accepts no connections.</param>
/// <param name="Addresses">The IP addresses of its own interfaces, without loopback; at most <see cref="MaxAddresses"/>, the best first.</param>
/// <param name="Full">Whether <paramref name="Holdings"/> is everything that it has; otherwise only what changed.</param>
/// <param name="Holdings">What it has; at most 4096 in one request.</param>
/// <param name="Removed">What it no longer offers; empty if <paramref name="Full"/>.</param>
/// <param name="RevocationsAfter">The number that the last response had (<see cref="AnnounceResponse.RevocationsAfter"/>); 0 at first.</param>
/// <param name="Proof">Required if <paramref name="Full"/>: after it, this session may announce changes of the peer without.</param>
/// <param name="ThroughProxy">Whether the request comes through a proxy, whose address is not the peer's: it is not handed out.</param>
public sealed record AnnounceRequest(
    Hash256 Fingerprint,
    int Port,
    IReadOnlyList<string> Addresses,
    bool Full,
    IReadOnlyList<Announcement> Holdings,
    IReadOnlyList<Announcement> Removed,
    long RevocationsAfter,
    FingerprintProof? Proof = null,
    bool ThroughProxy = false)
{
    /// <summary>Most holdings, and most removed ones, in one request.</summary>
    public const int MaxHoldings = 4096;

    /// <summary>Most own addresses.</summary>
    public const int MaxAddresses = 4;

    [MaxItems(MaxAddresses, Advice = "Name the best ones of the peer's own.")]
    public IReadOnlyList<string> Addresses { get; init; } = NotNullItems.Check(Addresses);

    [MaxItems(MaxHoldings, Advice = "Send the rest in further requests that are not full.")]
    public IReadOnlyList<Announcement> Holdings { get; init; } = NotNullItems.Check(Holdings);

    [MaxItems(MaxHoldings, Advice = "Send the rest in further requests.")]
    public IReadOnlyList<Announcement> Removed { get; init; } = NotNullItems.Check(Removed);
}
