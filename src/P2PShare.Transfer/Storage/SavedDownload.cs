using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>A download as a state folder keeps it between shells.</summary>
/// <param name="State">
/// <see cref="DownloadState.Running"/> also where the process that ran it ended without a word: <see cref="IsHeld"/> tells.
/// </param>
/// <param name="Error">Null unless <see cref="DownloadState.Failed"/>.</param>
/// <param name="BytesVerified">As last kept; a crash loses some seconds of it, not of the bytes themselves.</param>
public sealed record SavedDownload(
    Guid Id, DownloadRequest Request, DownloadState State, P2PShareException? Error, long BytesVerified, DateTimeOffset Created)
{
    /// <summary>Whether some process writes to its part file at this moment.</summary>
    public bool IsHeld => PartFile.IsHeld(Request.Destination);
}
