namespace P2PShare.Protocol.Tracker;

/// <summary>What became of a <see cref="ShareFilesRequest"/>.</summary>
/// <param name="Outcomes">Of each file, in the order of the request.</param>
public sealed record ShareFilesResponse(IReadOnlyList<ShareFileOutcome> Outcomes)
{
    public IReadOnlyList<ShareFileOutcome> Outcomes { get; init; } = NotNullItems.Check(Outcomes);
}

/// <param name="File">The file as it is now; null if it could not be shared.</param>
/// <param name="Code">Why it could not be shared, an <see cref="ErrorCode"/>; null if it is shared.</param>
/// <param name="Detail">The same as a sentence.</param>
public sealed record ShareFileOutcome(FileResponse? File = null, string? Code = null, string? Detail = null);
