using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Finds out what a download would fetch, without fetching or changing anything.</summary>
public static class ContentComparer
{
    /// <summary>Compares without any peer, if that is enough: of an empty content, one that the local file is, and a small one, which is always fetched whole.</summary>
    /// <param name="hashed">The local file, if it is as long as the content; null if there is none.</param>
    /// <param name="maxRanges">0, if no ranges are wanted, to <see cref="ContentComparison.MaxRanges"/>.</param>
    /// <returns>Null if sources have to be asked.</returns>
    public static ContentComparison? TryCompare(ContentDescription content, HashedFile? hashed, int maxRanges)
    {
        if (content.Size == 0)
        {
            return new ContentComparison(0, 0, 0, 0) { IsIdentical = hashed is not null };
        }

        if (hashed is not null && hashed.Content.Size == content.Size && hashed.Content.PiecesRoot == content.PiecesRoot)
        {
            return CompareEqual(hashed, maxRanges);
        }

        return content is { PieceCount: 1, Size: <= ContentMessage.MaxSize }
            ? new ContentComparison(0, 0, 0, content.Size) { Ranges = maxRanges > 0 ? [new ComparedRange(0, content.Size, ComparedKind.ToFetch)] : [] }
            : null;
    }

    /// <summary>Compares a content with the file at the destination of a request, and with the others that a download would search.</summary>
    internal static async Task<ContentComparison> CompareAsync(
        DownloadDependencies dependencies, DownloadRequest request, HashedFile? hashed, int maxRanges, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (TryCompare(request.Content, hashed, maxRanges) is { } known)
        {
            return known;
        }

        using var local = ComparedFile.TryOpen(request.Destination, request.Root, hashed);
        var layer = hashed?.Content.PieceLength == request.Content.PieceLength ? hashed.PieceLayer : [];
        var pieces = new ComparedPieces(request.Content, request.Destination, local, layer, maxRanges);
        if (dependencies.Contents.FindWhole(request.Content.PiecesRoot!.Value) is { WholeFile.File.Path: var path } offered)
        {
            await CompareOfferedAsync(request.Content, offered, path, pieces, progress, cancellationToken).ConfigureAwait(false);
            local?.Check();
            return pieces.GetResult() with { IsCopy = true };
        }

        using var swarm = new SwarmComparison(dependencies, request, pieces, local);
        await swarm.RunAsync(progress, cancellationToken).ConfigureAwait(false);
        return pieces.GetResult() with { BytesReceived = swarm.BytesReceived };
    }

    private static ContentComparison CompareEqual(HashedFile hashed, int maxRanges)
    {
        // It may have been hashed with another piece length.
        IReadOnlyList<Hash256> layer = hashed.Content.PieceCount > 1 ? hashed.PieceLayer : [hashed.Content.PiecesRoot!.Value];
        var pieces = new ComparedPieces(hashed.Content, hashed.Path, local: null, layer, maxRanges);
        pieces.SetLayer(layer);
        pieces.CountKnown();
        return pieces.GetResult() with { IsIdentical = true };
    }

    private static async Task CompareOfferedAsync(
        ContentDescription content, OfferedContent offered, string path, ComparedPieces pieces, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (content.PieceCount > 1)
        {
            pieces.SetLayer([.. offered.PieceLayer]);
        }

        pieces.CountKnown();
        using var bytes = new OfferedBytes(offered, path);
        await Task.Run(
            () =>
            {
                for (var piece = 0; piece < content.PieceCount; piece++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (!pieces.Has(piece))
                    {
                        pieces.Take(piece, bytes);
                        progress?.Report(pieces.BytesDecided);
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
    }
}
