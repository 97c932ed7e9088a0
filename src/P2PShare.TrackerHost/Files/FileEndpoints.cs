using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Files;

internal static class FileEndpoints
{
    private const int NamesForOnePermit = 16;
    private const int SharesForOnePermit = 8;

    public static void MapFiles(this IEndpointRouteBuilder routes)
    {
        var routed = routes.MapGroup("").WithTags("Files").RequireAuthorization();
        routed.MapGet(
                TrackerRoutes.FilesTemplate,
                (string group, [AsParameters] PageRequest page, CurrentUser user, FileService files, CancellationToken cancellationToken) =>
                    files.ListAsync(user, group, page.Read(FileName.Key), cancellationToken))
            .Describe("listFiles", "Lists the files of a group.", ErrorCode.PageSizeMissing, ErrorCode.InvalidRequest, ErrorCode.GroupNotFound, ErrorCode.NotMember);
        routed.MapPost(TrackerRoutes.FilesTemplate, ShareAsync)
            .Describe(
                "shareFile",
                "Shares a content under a name with a group.",
                ErrorCode.InvalidFileName,
                ErrorCode.InvalidContent,
                ErrorCode.GroupNotFound,
                ErrorCode.NotMember,
                ErrorCode.RoleTooLow,
                ErrorCode.NotSharer,
                ErrorCode.QuotaExceeded,
                ErrorCode.FileNameTaken)
            .Produces<FileResponse>(StatusCodes.Status201Created)
            .Produces<FileResponse>(StatusCodes.Status200OK);
        routed.MapPost(TrackerRoutes.SharesTemplate, ShareManyAsync)
            .Charge<ShareFilesRequest>(request => request.Files.Count / SharesForOnePermit)
            .Describe(
                "shareFiles",
                "Shares many contents under names with a group; those that fail do so alone.",
                ErrorCode.InvalidRequest,
                ErrorCode.GroupNotFound,
                ErrorCode.NotMember,
                ErrorCode.RoleTooLow)
            .Produces<ShareFilesResponse>();
        routed.MapPost(TrackerRoutes.WithdrawalsTemplate, WithdrawAsync)
            .Charge<WithdrawFilesRequest>(request => request.Names.Count / NamesForOnePermit)
            .Describe(
                "withdrawFiles", "Ends the caller's shares of many files at once.", ErrorCode.InvalidRequest, ErrorCode.GroupNotFound, ErrorCode.NotMember)
            .Produces<WithdrawFilesResponse>();
        routed.MapGet(
                TrackerRoutes.VersionsTemplate,
                (string group, string name, CurrentUser user, FileService files, CancellationToken cancellationToken) =>
                    files.ListVersionsAsync(user, group, name, cancellationToken))
            .Describe(
                "getVersions",
                "Lists the current content of a name and the earlier ones that can still be fetched, the newest first.",
                ErrorCode.GroupNotFound,
                ErrorCode.NotMember,
                ErrorCode.FileNotFound);
        routed.MapDelete(
            TrackerRoutes.FileTemplate,
            async (string group, string name, HttpContext context, CurrentUser user, FileService files, Audit audit, CancellationToken cancellationToken) =>
            {
                await files.StopAsync(user, group, name, cancellationToken);
                audit.Write(AuditAct.FileWithdrawn, context.RemoteAddress(), user.Name, group, name);
                return TypedResults.NoContent();
            })
            .Describe("stopSharing", "Ends the caller's share of a file.", ErrorCode.GroupNotFound, ErrorCode.NotMember, ErrorCode.NotSharer, ErrorCode.FileNotFound);
    }

    private static async Task<IResult> WithdrawAsync(
        string group, WithdrawFilesRequest request, HttpContext context, CurrentUser user, FileService files, Audit audit, CancellationToken cancellationToken)
    {
        if (request.Names.Count == 0)
        {
            throw new P2PShareException(
                ErrorCode.InvalidRequest, $"names is empty: 1 to {WithdrawFilesRequest.MaxNames} items were expected.");
        }

        var response = await files.WithdrawAsync(user, group, request.Names, cancellationToken);
        foreach (var name in request.Names.Except(response.Failed.Select(failed => failed.Name), StringComparer.Ordinal))
        {
            audit.Write(AuditAct.FileWithdrawn, context.RemoteAddress(), user.Name, group, name);
        }

        return TypedResults.Ok(response);
    }

    private static async Task<IResult> ShareManyAsync(
        string group, ShareFilesRequest request, HttpContext context, CurrentUser user, FileService files, Audit audit, CancellationToken cancellationToken)
    {
        if (request.Files.Count == 0)
        {
            throw new P2PShareException(ErrorCode.InvalidRequest, $"files is empty: 1 to {ShareFilesRequest.MaxFiles} items were expected.");
        }

        var outcomes = await files.ShareAsync(user, group, request.Files, cancellationToken);
        foreach (var (outcome, _, act) in outcomes)
        {
            if (act is { } done)
            {
                audit.Write(done, context.RemoteAddress(), user.Name, group, outcome.File!.Name);
            }
        }

        return TypedResults.Ok(new ShareFilesResponse([.. outcomes.Select(one => one.Outcome)]));
    }

    private static async Task<IResult> ShareAsync(
        string group, ShareFileRequest request, HttpContext context, CurrentUser user, FileService files, Audit audit, CancellationToken cancellationToken)
    {
        var (file, isNew, act) = await files.ShareAsync(user, group, request, cancellationToken);
        if (act is { } done)
        {
            audit.Write(done, context.RemoteAddress(), user.Name, group, file.Name);
        }

        return isNew ? TypedResults.Created(TrackerRoutes.File(file.Group, file.Name), file) : TypedResults.Ok(file);
    }
}
