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

    // Files of one request that cost about as much as a small write.
    private const int FilesForOneWrite = 4;

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

    /// <returns>The file of a name as it is now, then its earlier versions that can still be fetched, the newest first.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/> or <see cref="ErrorCode.FileNotFound"/>.
    /// </exception>
    public Task<IReadOnlyList<FileResponse>> ListVersionsAsync(CurrentUser user, string group, string name, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<FileResponse>>(
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var current = await FileStore.GetAsync(connection, membership.GroupId, name) ?? throw NotFound(name, membership.GroupName);
                IReadOnlyList<ListedFile> all = [current, .. await VersionStore.ListAsync(connection, membership.GroupId, name, clock.GetUtcNow())];
                var counts = await sources.GetAsync(connection, membership.GroupId, [.. all.Select(file => file.PiecesRoot).OfType<string>().Distinct()]);
                return [.. all.Select(file => file.ToResponse(counts))];
            },
            cancellationToken);

    /// <returns>The file as it is now, whether its name is new in the group, and what was done; null if it was shared already.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidFileName"/>, <see cref="ErrorCode.InvalidContent"/>, <see cref="ErrorCode.GroupNotFound"/>,
    /// <see cref="ErrorCode.NotMember"/>, <see cref="ErrorCode.RoleTooLow"/>, <see cref="ErrorCode.FileNameTaken"/>, <see cref="ErrorCode.NotSharer"/> or
    /// <see cref="ErrorCode.QuotaExceeded"/>.
    /// </exception>
    public async Task<(FileResponse File, bool IsNew, AuditAct? Act)> ShareAsync(CurrentUser user, string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        var (outcome, isNew, act) = (await ShareAsync(user, group, [request], cancellationToken))[0];
        return outcome.File is { } file ? (file, isNew, act) : throw new P2PShareException(outcome.Code!, outcome.Detail!);
    }

    /// <summary>Shares many contents in one write; those that fail do so alone.</summary>
    /// <returns>Of each: what became of it, whether its name is new in the group, and what was done; null if it was shared already.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/> or <see cref="ErrorCode.RoleTooLow"/>.</exception>
    public async Task<IReadOnlyList<(ShareFileOutcome Outcome, bool IsNew, AuditAct? Act)>> ShareAsync(
        CurrentUser user, string group, IReadOnlyList<ShareFileRequest> requests, CancellationToken cancellationToken)
    {
        var (groupId, shares) = await database.WriteAsync(
            [WriteLock.User(user.Name), WriteLock.Group(group)],
            async connection =>
            {
                var membership = await Membership.RequirePublisherAsync(connection, group, user);
                return (membership.GroupId, await new ShareBatch(connection, membership, user, options, clock.GetUtcNow()).ShareAsync(requests));
            },
            cancellationToken,
            1 + (requests.Count / FilesForOneWrite));
        // After the write, which others wait for.
        var counts = await database.ReadAsync(
            connection => sources.GetAsync(connection, groupId, [.. shares.Select(share => share.Listed?.PiecesRoot).OfType<string>().Distinct()]), cancellationToken);
        return [.. shares.Select(share => (
            share.Fault is { } fault ? new ShareFileOutcome(Code: fault.Code, Detail: fault.Message) : new ShareFileOutcome(share.Listed!.ToResponse(counts)),
            share.IsNew,
            share.Act))];
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
                var found = await FileStore.FindAsync(connection, membership.GroupId, asked, user.Id);
                var own = found.Values.Where(file => file.IsShared).Select(file => file.Id).ToList();
                await FileStore.RemoveSharersAsync(connection, own, user.Id);
                var removed = await FileStore.RemoveUnsharedAsync(connection, own, clock.GetUtcNow());
                await FileStore.SetChangedAsync(connection, membership.GroupId);
                await EventStore.AddForFilesAsync(connection, GroupEventKind.FileRemoved, membership.GroupId, user.Name, clock.GetUtcNow(), removed);
                return new WithdrawFilesResponse(
                    membership.Group.Id,
                    [
                        .. names.Distinct(StringComparer.Ordinal).Select(name => !found.TryGetValue(name, out var file)
                                ? new FailedWithdrawal(name, ErrorCode.FileNotFound, NotFound(name, membership.GroupName).Message)
                                : file.IsShared
                                    ? null
                                    : new FailedWithdrawal(
                                        name,
                                        ErrorCode.NotSharer,
                                        $"You do not share '{name}' with '{membership.GroupName}': only a user who shares a file can stop it."))
                            .OfType<FailedWithdrawal>(),
                    ]);
            },
            cancellationToken);

    /// <summary>Ends some of what a former member shares with a group, then of the earlier versions that the member shared.</summary>
    /// <param name="until">What was shared in later seconds stays.</param>
    /// <returns>How many.</returns>
    public static async Task<int> EndSharesAsync(DbConnection connection, long group, long user, string userName, long until, int max, DateTimeOffset now)
    {
        var files = await FileStore.FindSharedAsync(connection, group, user, until, max);
        if (files.Count > 0)
        {
            await FileStore.RemoveSharersAsync(connection, files, user);
            await FileStore.SetChangedAsync(connection, group);
            await EventStore.AddForFilesAsync(connection, GroupEventKind.FileRemoved, group, userName, now, await FileStore.RemoveUnsharedAsync(connection, files, now));
        }

        return files.Count < max ? files.Count + await VersionStore.RemoveOfUserAsync(connection, group, user, until, max - files.Count) : max;
    }

    private static P2PShareException NotFound(string name, string group) =>
        new(ErrorCode.FileNotFound, $"There is no file called '{PrintableCharacter.Clean(name)}' in '{group}'. Names are case-sensitive.");
}
