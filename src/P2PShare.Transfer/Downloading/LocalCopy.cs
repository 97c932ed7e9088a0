using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Copies pieces from a content that this peer offers already, shared or received under another name.</summary>
internal static class LocalCopy
{
    /// <summary>Copies each missing piece that is there and right.</summary>
    /// <param name="meters">Counts the bytes.</param>
    /// <returns>Why the content cannot be read any more; null if it could be.</returns>
    /// <exception cref="P2PShareException">The part file cannot be written.</exception>
    public static P2PShareException? Copy(
        ContentDescription content, OfferedContent from, IPartFile part, DownloadMeters meters, CancellationToken cancellationToken)
    {
        part.SetPieceLayer([.. from.PieceLayer]);
        var before = part.BytesVerified;
        part.PrepareSpace();
        meters.AddZero(part.BytesVerified - before);
        try
        {
            // On another device nothing can be cloned, and one that does not answer must not hold the download: reads have a limit.
            using var whole = from.WholeFile?.File is { Identity.Device: var device, Path: var path } && device == part.Device ? SafeFile.OpenShared(path) : null;
            for (var index = 0; index < content.PieceCount; index++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (part.Has(index) || !from.Has(index))
                {
                    continue;
                }

                if (whole is not null && TryClonePiece(content, index, whole, part, cancellationToken))
                {
                    meters.AddReused(content.PieceSize(index));
                }
                else
                {
                    CopyPiece(content, index, from, part, meters);
                }
            }

            return null;
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.SourceFileChanged or ErrorCode.PathNotFound or ErrorCode.PathUnreadable)
        {
            return e;
        }
    }

    // The clone is what is verified: whatever becomes of the file, no program writes to the part.
    private static bool TryClonePiece(ContentDescription content, int index, SafeFileHandle from, IPartFile part, CancellationToken cancellationToken)
    {
        var offset = (long)index * content.PieceLength;
        return part.TryClone(from, offset, offset, content.PieceSize(index), cancellationToken) && part.TryVerify(index);
    }

    private static void CopyPiece(ContentDescription content, int index, OfferedContent from, IPartFile part, DownloadMeters meters)
    {
        using var piece = new ActivePiece(content, index, content.PieceLength);
        var whole = piece.Requests[0];
        from.Read((long)index * content.PieceLength, whole.Buffer.Span);
        whole.Hash();
        if (piece.ComputeHash(content) == part.PieceHash(index))
        {
            part.WritePiece(index, piece.Data);
            meters.AddReused(piece.Length);
        }
    }
}
