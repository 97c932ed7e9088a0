namespace P2PShare.Protocol.Tracker;

/// <summary>Shares contents under names with a group, in their order.</summary>
/// <param name="Files">1 to <see cref="MaxFiles"/>.</param>
public sealed record ShareFilesRequest(IReadOnlyList<ShareFileRequest> Files)
{
    /// <summary>Most files in one request.</summary>
    public const int MaxFiles = 256;

    [MaxItems(MaxFiles)]
    public IReadOnlyList<ShareFileRequest> Files { get; init; } = NotNullItems.Check(Files);
}
