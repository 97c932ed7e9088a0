namespace P2PShare.Protocol.Tracker;

/// <summary>What became of a <see cref="WithdrawFilesRequest"/>.</summary>
/// <param name="GroupId">The group that the names were of.</param>
/// <param name="Failed">The names whose share did not end; all others are not shared by the caller any more.</param>
public sealed record WithdrawFilesResponse(Guid GroupId, IReadOnlyList<FailedWithdrawal> Failed)
{
    public IReadOnlyList<FailedWithdrawal> Failed { get; init; } = NotNullItems.Check(Failed);
}

/// <param name="Code"><see cref="ErrorCode.FileNotFound"/> or <see cref="ErrorCode.NotSharer"/>.</param>
/// <param name="Detail">The reason, as a sentence.</param>
public sealed record FailedWithdrawal(string Name, string Code, string Detail);
