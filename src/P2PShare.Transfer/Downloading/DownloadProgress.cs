namespace P2PShare.Transfer.Downloading;

/// <summary>How far a download is at a moment.</summary>
/// <param name="BytesVerified">Bytes whose hashes were right.</param>
/// <param name="BytesPerSecond">Smoothed over the last seconds; 0 while nothing arrives.</param>
/// <param name="TimeLeft">Null while it is unknown.</param>
/// <param name="BytesFetched">Bytes that arrived since it was last started or resumed, those that arrived twice or were wrong included.</param>
/// <param name="Sources">Peers connected that have pieces.</param>
/// <param name="BytesReused">Bytes since then that this machine had already: in the file that is replaced, or under another name.</param>
/// <param name="BytesZero">Bytes since then that are zeros, and were not asked for.</param>
public readonly record struct DownloadProgress(
    long BytesVerified, long BytesTotal, int PiecesVerified, int PieceCount, double BytesPerSecond, TimeSpan? TimeLeft, long BytesFetched, int Sources,
    long BytesReused = 0, long BytesZero = 0);
