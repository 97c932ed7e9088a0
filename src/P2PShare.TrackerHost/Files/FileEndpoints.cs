using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;

namespace P2PShare.TrackerHost.Files;

internal static class FileEndpoints
{
    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Files").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        routed.MapGet(TrackerRoutes.FilesTemplate, async (string group, CurrentUser user, FileService files, CancellationToken cancellationToken) =>
            TypedResults.Ok(await files.ListAsync(user, group, cancellationToken)));
        routed.MapPost(TrackerRoutes.FilesTemplate, ShareAsync)
            .Produces<FileResponse>(StatusCodes.Status201Created)
            .Produces<FileResponse>(StatusCodes.Status200OK)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict);
        routed.MapDelete(
            TrackerRoutes.FileTemplate,
            async (string group, string name, CurrentUser user, FileService files, CancellationToken cancellationToken) =>
            {
                await files.StopAsync(user, group, name, cancellationToken);
                return TypedResults.NoContent();
            });
    }

    private static async Task<IResult> ShareAsync(
        string group, ShareFileRequest request, CurrentUser user, FileService files, CancellationToken cancellationToken)
    {
        var (file, isNew) = await files.ShareAsync(user, group, request, cancellationToken);
        return isNew ? TypedResults.Created(TrackerRoutes.File(file.Group, file.Name), file) : TypedResults.Ok(file);
    }
}
