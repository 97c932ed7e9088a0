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
        try
        {
            for (var index = 0; index < content.PieceCount; index++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!part.Has(index) && from.Has(index))
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
