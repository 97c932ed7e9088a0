namespace P2PShare.Protocol.Tracker;

/// <summary>Ends the caller's shares of files of a group.</summary>
/// <param name="Names">1 to <see cref="MaxNames"/>.</param>
public sealed record WithdrawFilesRequest(IReadOnlyList<string> Names)
{
    /// <summary>Most names in one request.</summary>
    public const int MaxNames = 1000;

    [MaxItems(MaxNames)]
    public IReadOnlyList<string> Names { get; init; } = NotNullItems.Check(Names);
}
