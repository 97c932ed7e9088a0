namespace P2PShare.Transfer.Downloading;

/// <summary>How far a <see cref="DownloadBatch"/> is.</summary>
/// <param name="BytesVerified">Of all its files, including what was there before.</param>
/// <param name="BytesTotal">Of all its files except those that failed.</param>
/// <param name="BytesFetched">From peers since the batch began.</param>
/// <param name="Started">Downloads that could be started.</param>
/// <param name="Running">The downloads that run, each at the same moment as the totals.</param>
public sealed record DownloadBatchProgress(
    long BytesVerified,
    long BytesTotal,
    long BytesFetched,
    int Finished,
    int Started,
    int Failed,
    IReadOnlyList<(IDownload Download, DownloadProgress Progress)> Running);
