using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>A download as the state folder keeps it between shells.</summary>
/// <param name="State">
/// <see cref="DownloadState.Running"/> also if the process that ran it was killed: see <see cref="IsHeld"/>.
/// </param>
/// <param name="Error">Null unless <see cref="DownloadState.Failed"/>.</param>
/// <param name="BytesVerified">As saved last; a crash loses some seconds of this number, not of the bytes.</param>
public sealed record SavedDownload(
    Guid Id, DownloadRequest Request, DownloadState State, P2PShareException? Error, long BytesVerified, DateTimeOffset Created)
{
    /// <summary>Whether a process writes to its part file now.</summary>
    public bool IsHeld => PartFile.IsHeld(Request.Destination);
}
