namespace P2PShare.Transfer.Downloading;

/// <summary>A moment of a download.</summary>
/// <param name="BytesVerified">Bytes whose hashes were right.</param>
/// <param name="BytesPerSecond">Smoothed over the last seconds; 0 while nothing arrives.</param>
/// <param name="TimeLeft">Null while it cannot be told.</param>
/// <param name="BytesFetched">Bytes that came since it was last started or resumed, those that came twice or were not right included.</param>
/// <param name="Sources">Peers connected that have pieces.</param>
public readonly record struct DownloadProgress(
    long BytesVerified, long BytesTotal, int PiecesVerified, int PieceCount, double BytesPerSecond, TimeSpan? TimeLeft, long BytesFetched, int Sources);
