using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>What became of one download of a <see cref="DownloadBatch"/>.</summary>
/// <param name="Target">What the caller gave with the request.</param>
/// <param name="Fault">Why it failed; null if the file is complete at its destination.</param>
/// <param name="Progress">Where its bytes came from; null if it failed.</param>
public sealed record DownloadOutcome(DownloadRequest Request, object Target, P2PShareException? Fault, DownloadProgress? Progress = null);
