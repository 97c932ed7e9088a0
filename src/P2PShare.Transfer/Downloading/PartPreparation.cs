using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>What is done with a part file as soon as the hashes of its pieces are known.</summary>
internal static class PartPreparation
{
    /// <summary>Makes holes of zeros, reserves the space of the rest, and verifies what the file held without a record.</summary>
    /// <param name="hashes">Checked against the pieces root.</param>
    /// <returns>Why the file cannot be written; null if it can be.</returns>
    public static async Task<P2PShareException?> RunAsync(
        IPartFile part, Hash256[] hashes, DownloadMeters meters, DownloadRequest request, ILogger logger, CancellationToken cancellationToken)
    {
        try
        {
            part.SetPieceLayer(hashes);
            var before = part.BytesVerified;
            part.PrepareSpace();
            meters.AddZero(part.BytesVerified - before);
            if (part.HoldsUnrecorded)
            {
                before = part.BytesVerified;
                await part.RestoreUnrecordedAsync(cancellationToken).ConfigureAwait(false);
                meters.AddReused(request.InPlace ? part.BytesVerified - before : 0);
            }
        }
        catch (P2PShareException e)
        {
            return e;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException or ObjectDisposedException)
        {
            // Reading is worth a try; what was not read is fetched.
            logger.UnrecordedNotUsed(request.Name, e.Message);
        }

        return null;
    }
}
