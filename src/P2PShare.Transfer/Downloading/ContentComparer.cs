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

        while (true)
        {
            // The file is opened when it is read: another comparison or a download may take long.
            using var turn = await dependencies.Turns.BeginComparisonAsync(request, cancellationToken).ConfigureAwait(false);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, turn.Interrupted);
            try
            {
                return await CompareLocalAsync(dependencies, request, hashed, maxRanges, progress, ending.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (turn.Interrupted.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // A download has begun: what it leaves is compared.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw e is EndOfStreamException ? FileErrors.Changed(request.Destination) : FileErrors.Unreadable(request.Destination, e);
            }
        }
    }

    private static async Task<ContentComparison> CompareLocalAsync(
        DownloadDependencies dependencies, DownloadRequest request, HashedFile? hashed, int maxRanges, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var local = ComparedFile.TryOpen(request.Destination, request.Root, hashed, dependencies.Clock);
        var layer = hashed?.Content.PieceLength == request.Content.PieceLength ? hashed.PieceLayer : [];
        ComparedPieces MakePieces() => new(request.Content, request.Destination, local, layer, maxRanges);
        // What is offered from the local file is not there any more, or it would be identical.
        if (dependencies.Contents.FindWhole(request.Content.PiecesRoot!.Value) is { WholeFile.File.Path: var path } offered
            && path != request.Destination && offered.Description.PieceLength == request.Content.PieceLength)
        {
            var copied = MakePieces();
            if (await CompareOfferedAsync(request.Content, offered, path, copied, progress, cancellationToken).ConfigureAwait(false) is not { } problem)
            {
                local?.Check();
                return copied.GetResult() with { IsCopy = true };
            }

            // It is gone or has changed: other peers tell, as a download would fetch from them.
            dependencies.Contents.ReportUnreadable(offered, problem);
        }

        var pieces = MakePieces();
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

    // Returns why the offered content cannot be read any more; null if it could be.
    private static async Task<P2PShareException?> CompareOfferedAsync(
        ContentDescription content, OfferedContent offered, string path, ComparedPieces pieces, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (content.PieceCount > 1)
        {
            pieces.SetLayer([.. offered.PieceLayer]);
        }

        pieces.CountKnown();
        using var bytes = new OfferedBytes(offered, path);
        try
        {
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
            return null;
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.SourceFileChanged or ErrorCode.PathNotFound or ErrorCode.PathIsFolder or ErrorCode.PathUnreadable)
        {
            return e;
        }
    }
}
