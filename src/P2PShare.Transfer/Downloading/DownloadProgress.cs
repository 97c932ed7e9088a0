namespace P2PShare.Transfer.Downloading;

/// <summary>How far a download is at a moment.</summary>
/// <param name="BytesVerified">Bytes whose hashes were right.</param>
/// <param name="BytesPerSecond">Smoothed over the last seconds; 0 while nothing arrives.</param>
/// <param name="TimeLeft">Null while it is unknown.</param>
/// <param name="BytesFetched">Bytes that arrived since it was last started or resumed, those that arrived twice or were wrong included.</param>
/// <param name="Sources">Peers connected that have pieces.</param>
public readonly record struct DownloadProgress(
    long BytesVerified, long BytesTotal, int PiecesVerified, int PieceCount, double BytesPerSecond, TimeSpan? TimeLeft, long BytesFetched, int Sources);
