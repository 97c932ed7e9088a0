using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Files;

internal static class FileEndpoints
{
    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var files = routes.MapGroup("").WithTags("Files").RequireAuthorization()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound);
        files.MapGet(TrackerRoutes.FilesTemplate, async (string group, CurrentUser user, FileStore store, CancellationToken cancellationToken) =>
            TypedResults.Ok(await store.ListAsync(user, group, cancellationToken)));
        files.MapPost(TrackerRoutes.FilesTemplate, ShareAsync)
            .Produces<FileResponse>(StatusCodes.Status201Created)
            .Produces<FileResponse>(StatusCodes.Status200OK)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict);
        files.MapDelete(
            TrackerRoutes.FileTemplate,
            async (string group, string name, CurrentUser user, FileStore store, CancellationToken cancellationToken) =>
            {
                await store.StopAsync(user, group, name, cancellationToken);
                return TypedResults.NoContent();
            });
    }

    private static async Task<IResult> ShareAsync(
        string group, ShareFileRequest request, CurrentUser user, FileStore store, CancellationToken cancellationToken)
    {
        var (file, isNew) = await store.ShareAsync(user, group, request, cancellationToken);
        return isNew ? TypedResults.Created(TrackerRoutes.File(file.Group, file.Name), file) : TypedResults.Ok(file);
    }
}
