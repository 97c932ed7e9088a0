using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>The rules of files: members share and list them, a sharer replaces or stops its own.</summary>
internal sealed class FileService(TrackerDatabase database, SourceCounts sources, SharingOptions options, TimeProvider clock)
{
    // Items of the pages that are kept, each of some hundred bytes to 2 KB.
    private const long MaxItemsKept = 20_000;

    private readonly RecentResults<(long Group, long? Change, PageRange Page, IReadOnlyDictionary<string, int> Counts), ListPage<FileResponse>> _pages =
        new(SourceCounts.Kept, MaxItemsKept, clock);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<ListPage<FileResponse>> ListAsync(CurrentUser user, string group, PageRange page, CancellationToken cancellationToken) => database.ReadAsync(
        async connection =>
        {
            var membership = await Membership.RequireMemberAsync(connection, group, user);
            // Read first: a page that is made of later files is not sent for earlier ones.
            var change = await FileStore.FindChangeAsync(connection, membership.GroupId);
            var counts = await sources.GetAsync(connection, membership.GroupId);
            // The counts of a group with many sources stay for a moment; a page with the same files and counts is the same.
            var key = (membership.GroupId, change, page, counts);
            if (_pages.TryGet(key, out var recent))
            {
                return recent;
            }

            var files = await FileStore.ListAsync(connection, membership.GroupId, page);
            var made = page.ToPage(files, file => file.ToResponse(counts), file => file.Name) with { IsCompressible = true };
            if (sources.Keeps(membership.GroupId, counts))
            {
                _pages.Add(key, made, made.Items.Count);
            }

            return made;
        },
        cancellationToken);

    /// <returns>The file as it is now, whether its name is new in the group, and what was done; null if it was shared already.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidFileName"/>, <see cref="ErrorCode.InvalidContent"/>, <see cref="ErrorCode.GroupNotFound"/>,
    /// <see cref="ErrorCode.NotMember"/>, <see cref="ErrorCode.FileNameTaken"/>, <see cref="ErrorCode.NotSharer"/> or
    /// <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<(FileResponse File, bool IsNew, AuditAct? Act)> ShareAsync(CurrentUser user, string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        var (outcome, isNew, act) = (await ShareAsync(user, group, [request], cancellationToken))[0];
        return outcome.File is { } file ? (file, isNew, act) : throw new P2PShareException(outcome.Code!, outcome.Detail!);
    }

    /// <summary>Shares many contents in one write; those that fail do so alone, except that a quota refuses all of them.</summary>
    /// <returns>Of each: what became of it, whether its name is new in the group, and what was done; null if it was shared already.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/> or <see cref="ErrorCode.QuotaExceeded"/>: nothing was shared.
    /// </exception>
    public Task<IReadOnlyList<(ShareFileOutcome Outcome, bool IsNew, AuditAct? Act)>> ShareAsync(
        CurrentUser user, string group, IReadOnlyList<ShareFileRequest> requests, CancellationToken cancellationToken)
    {
        var problems = requests.Select(FindProblem).ToList();
        return database.WriteAsync<IReadOnlyList<(ShareFileOutcome Outcome, bool IsNew, AuditAct? Act)>>(
            [WriteLock.User(user.Name), WriteLock.Group(group)],
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var outcomes = new List<(ShareFileOutcome Outcome, bool IsNew, AuditAct? Act)>(requests.Count);
                foreach (var (request, problem) in requests.Zip(problems))
                {
                    try
                    {
                        var (file, isNew, act) = problem is null ? await ShareAsync(connection, membership, user, request) : throw problem;
                        outcomes.Add((new ShareFileOutcome(file), isNew, act));
                    }
                    catch (P2PShareException e) when (e.Code != ErrorCode.QuotaExceeded)
                    {
                        // It was thrown before anything was written for this file.
                        outcomes.Add((new ShareFileOutcome(null, e.Code, e.Message), false, null));
                    }
                }

                if (outcomes.Exists(one => one.Act is not null))
                {
                    await FileStore.SetChangedAsync(connection, membership.GroupId);
                    await QuotaStore.CheckSharesAsync(connection, user.Id, outcomes.Count(one => one.Act is not null), options.FilesPerUser);
                }

                if (outcomes.Count(one => one.IsNew) is > 0 and var added)
                {
                    await QuotaStore.CheckFilesAsync(connection, membership.GroupId, membership.GroupName, added, options.FilesPerGroup);
                }

                return outcomes;
            },
            cancellationToken);
    }

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, <see cref="ErrorCode.FileNotFound"/> or <see cref="ErrorCode.NotSharer"/>.
    /// </exception>
    public async Task StopAsync(CurrentUser user, string group, string name, CancellationToken cancellationToken)
    {
        if ((await WithdrawAsync(user, group, [name], cancellationToken)).Failed is [var failed])
        {
            throw new P2PShareException(failed.Code, failed.Detail);
        }
    }

    /// <summary>Ends the user's shares of files; those that nobody else shares are not files of the group any more.</summary>
    /// <returns>Which names failed, and why: <see cref="ErrorCode.FileNotFound"/> or <see cref="ErrorCode.NotSharer"/>.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<WithdrawFilesResponse> WithdrawAsync(CurrentUser user, string group, IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.Group(group)],
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                // PostgreSQL refuses text with a zero in it, which no file's name has.
                var asked = names.Where(name => !name.Contains('\0', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).ToList();
                var found = await FileStore.FindSharedAsync(connection, membership.GroupId, asked, user.Id);
                var own = found.Values.Where(file => file.IsSharer).Select(file => file.Id).ToList();
                await FileStore.RemoveSharersAsync(connection, own, user.Id);
                var removed = await FileStore.RemoveUnsharedAsync(connection, own, clock.GetUtcNow());
                await FileStore.SetChangedAsync(connection, membership.GroupId);
                await EventStore.AddFilesRemovedAsync(connection, membership.GroupId, user.Name, clock.GetUtcNow(), removed);
                return new WithdrawFilesResponse(
                    membership.Group.Id,
                    [
                        .. names.Distinct(StringComparer.Ordinal).Select(name => !found.TryGetValue(name, out var file)
                                ? new FailedWithdrawal(
                                    name,
                                    ErrorCode.FileNotFound,
                                    $"There is no file called '{PrintableCharacter.Clean(name)}' in '{membership.GroupName}'. Names are case-sensitive.")
                                : file.IsSharer
                                    ? null
                                    : new FailedWithdrawal(
                                        name,
                                        ErrorCode.NotSharer,
                                        $"You do not share '{name}' with '{membership.GroupName}': only a user who shares a file can stop it."))
                            .OfType<FailedWithdrawal>(),
                    ]);
            },
            cancellationToken);

    /// <summary>Ends some of what a former member shares with a group.</summary>
    /// <param name="until">Shares of later seconds stay.</param>
    /// <returns>How many.</returns>
    public static async Task<int> EndSharesAsync(DbConnection connection, long group, long user, string userName, long until, int max, DateTimeOffset now)
    {
        var files = await FileStore.FindSharedAsync(connection, group, user, until, max);
        if (files.Count > 0)
        {
            await FileStore.RemoveSharersAsync(connection, files, user);
            await FileStore.SetChangedAsync(connection, group);
            await EventStore.AddFilesRemovedAsync(connection, group, userName, now, await FileStore.RemoveUnsharedAsync(connection, files, now));
        }

        return files.Count;
    }

    private static P2PShareException? FindProblem(ShareFileRequest request)
    {
        try
        {
            FileName.Check(request.Name);
        }
        catch (P2PShareException e)
        {
            return e;
        }

        return new ContentDescription(request.Size, request.PieceLength, request.PiecesRoot).FindProblem() is { } problem
            ? new P2PShareException(ErrorCode.InvalidContent, problem)
            : null;
    }

    private async Task<(FileResponse File, bool IsNew, AuditAct? Act)> ShareAsync(
        DbConnection connection, Membership membership, CurrentUser user, ShareFileRequest request)
    {
        var current = await FileStore.FindAsync(connection, membership.GroupId, request.Name);
        var isNew = current is null;
        AuditAct? act = null;
        if (current is not null && current.Content != new ContentDescription(request.Size, request.PieceLength, request.PiecesRoot))
        {
            await RetireAsync(connection, membership, current, user, request.Replace);
            act = AuditAct.FileReplaced;
            current = null;
        }

        var now = clock.GetUtcNow();
        var file = current?.Id ?? await FileStore.AddAsync(connection, membership.GroupId, request, now);
        if (await FileStore.AddSharerAsync(connection, file, user.Id, now))
        {
            act ??= AuditAct.FileShared;
        }

        if (current is null)
        {
            await EventStore.AddForMembersAsync(connection, GroupEventKind.FileShared, membership.GroupId, user.Name, now, request.Name);
        }

        var listed = await FileStore.GetAsync(connection, file);
        return (listed.ToResponse(await sources.GetAsync(connection, membership.GroupId, listed.PiecesRoot)), isNew, act);
    }

    private async Task RetireAsync(DbConnection connection, Membership membership, StoredFile file, CurrentUser user, bool replace)
    {
        if (!replace)
        {
            throw new P2PShareException(
                ErrorCode.FileNameTaken,
                $"Another content has this name in '{membership.GroupName}': choose another name, or replace it, which a user who shares it can.");
        }

        if (!await FileStore.IsSharerAsync(connection, file.Id, user.Id))
        {
            throw new P2PShareException(
                ErrorCode.NotSharer, $"Another content has this name in '{membership.GroupName}', and only a user who shares it can replace it: choose another name.");
        }

        await FileStore.RemoveAsync(connection, file.Id);
        if (file.PiecesRoot is not null)
        {
            await FileStore.AddRetiredAsync(connection, membership.GroupId, file.PiecesRoot, clock.GetUtcNow() + options.ReplacedContentLifetime);
        }
    }
}
