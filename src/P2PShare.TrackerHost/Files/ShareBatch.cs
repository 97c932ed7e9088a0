using System.Data.Common;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>One write that shares contents with a group: the rules for each, and few statements for all of them.</summary>
internal sealed class ShareBatch(DbConnection connection, Membership membership, CurrentUser user, SharingOptions options, DateTimeOffset now)
{
    private readonly List<(StoredFile File, long History)> _replaced = [];
    private long _shareRoom;
    private long _fileRoom;
    private bool _hasChanged;

    /// <returns>What became of each, in their order.</returns>
    public async Task<IReadOnlyList<Share>> ShareAsync(IReadOnlyList<ShareFileRequest> requests)
    {
        _shareRoom = await QuotaStore.FindShareRoomAsync(connection, user.Id, requests.Count, options.FilesPerUser, now);
        _fileRoom = await QuotaStore.FindFileRoomAsync(connection, membership.GroupId, requests.Count, options.FilesPerGroup, now);
        var shares = requests.Select(request => new Share(request) { Fault = FindProblem(request) }).ToList();
        var left = shares.Where(share => share.Fault is null).ToList();
        // One of a name that comes again meets what the one before it has left.
        while (left.Count > 0)
        {
            var first = left.DistinctBy(share => share.Request.Name, StringComparer.Ordinal).ToList();
            await ShareOnceAsync(first);
            left = [.. left.Except(first)];
        }

        // Behind all shares: a version takes no room that one of them needs.
        await KeepVersionsAsync();
        if (_hasChanged)
        {
            await FileStore.SetChangedAsync(connection, membership.GroupId);
        }

        await ListAsync(shares.FindAll(share => share.Fault is null));
        return shares;
    }

    private async Task ShareOnceAsync(List<Share> shares)
    {
        var current = await FileStore.FindAsync(connection, membership.GroupId, shares.Select(share => share.Request.Name), user.Id);
        var added = new List<Share>();
        var joined = new List<Share>();
        foreach (var share in shares)
        {
            if (!current.TryGetValue(share.Request.Name, out var found))
            {
                if (share.TryTake(ref _fileRoom, () => QuotaStore.FilesExceeded(membership.GroupName, options.FilesPerGroup)) && TryTakeShare(share))
                {
                    share.IsNew = true;
                    share.Act = AuditAct.FileShared;
                    added.Add(share);
                }
            }
            else if (found.Content != share.Content)
            {
                share.Fault = FindReplaceProblem(share.Request, found.IsShared);
                if (share.Fault is null)
                {
                    await RetireAsync(found, share);
                    share.Act = AuditAct.FileReplaced;
                    added.Add(share);
                }
            }
            else
            {
                share.File = found.Id;
                if (!found.IsShared && TryTakeShare(share))
                {
                    share.Act = AuditAct.FileShared;
                    joined.Add(share);
                }
                // Other sharers would change what the owner is listed with, and nobody would hear of it.
                else if (found.Owner == user.Id && share.Request.Replace && found.DiffersFrom(share.Request.Attributes))
                {
                    await FileStore.SetAttributesAsync(connection, found.Id, share.Request.Attributes);
                    _hasChanged = true;
                }
            }
        }

        await AddAsync(added, joined);
    }

    private bool TryTakeShare(Share share) => share.TryTake(ref _shareRoom, () => QuotaStore.SharesExceeded(options.FilesPerUser));

    private async Task AddAsync(List<Share> added, List<Share> joined)
    {
        if (added.Count > 0)
        {
            var ids = await FileStore.AddAsync(connection, membership.GroupId, added.Select(share => (share.Request, share.Version, share.History)), now);
            added.ForEach(share => share.File = ids[share.Request.Name]);
            await EventStore.AddForFilesAsync(
                connection, GroupEventKind.FileShared, membership.GroupId, user.Name, now, added.ConvertAll(share => share.Request.Name));
        }

        if (added.Count + joined.Count > 0)
        {
            await FileStore.AddSharersAsync(connection, added.Concat(joined).Select(share => share.File), user.Id, now);
            _hasChanged = true;
        }
    }

    private async Task ListAsync(List<Share> shares)
    {
        var listed = await FileStore.GetAsync(connection, shares.Select(share => share.File).Distinct());
        foreach (var share in shares)
        {
            // SQLite gives the number of a replaced file to the next one.
            share.Listed = listed.TryGetValue(share.File, out var file) && file.PiecesRoot == share.Request.PiecesRoot?.ToString() ? file : null;
            if (share.Listed is null)
            {
                share.Fault = new P2PShareException(ErrorCode.FileNotFound, $"'{share.Request.Name}' was replaced by a later file of the same request.");
                (share.IsNew, share.Act) = (false, null);
            }
        }
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
            : request.Attributes.FindProblem() is { } wrong ? new P2PShareException(ErrorCode.InvalidRequest, wrong) : null;
    }

    private P2PShareException? FindReplaceProblem(ShareFileRequest request, bool isSharer) => (request.Replace, isSharer) switch
    {
        (false, _) => new P2PShareException(
            ErrorCode.FileNameTaken,
            $"Another content has this name in '{membership.GroupName}': choose another name, or replace it, which a user who shares it can."),
        (true, false) => new P2PShareException(
            ErrorCode.NotSharer, $"Another content has this name in '{membership.GroupName}', and only a user who shares it can replace it: choose another name."),
        _ => null,
    };

    private async Task RetireAsync(StoredFile file, Share share)
    {
        await FileStore.RemoveAsync(connection, file.Id);
        if (file.PiecesRoot is not null)
        {
            await FileStore.AddRetiredAsync(connection, membership.GroupId, file.PiecesRoot, now + options.ReplacedContentLifetime);
        }

        var history = file.History ?? await connection.TakeNumbersAsync(1);
        (share.Version, share.History) = (file.Version + 1, history);
        _replaced.Add((file, history));
    }

    private async Task KeepVersionsAsync()
    {
        foreach (var (file, history) in _replaced)
        {
            if (file.History is not null)
            {
                var removed = await VersionStore.RemoveOldestAsync(connection, history, Math.Max(0, options.VersionsPerFile - 1), now);
                _fileRoom += removed.Count;
                _shareRoom += removed.Count(sharer => sharer == user.Id);
            }

            // One without room is replaced all the same, and running downloads of it finish.
            if (options.VersionsPerFile > 0 && options.ReplacedContentLifetime > TimeSpan.Zero && _fileRoom > 0 && _shareRoom > 0)
            {
                _fileRoom--;
                _shareRoom--;
                await VersionStore.AddAsync(connection, membership.GroupId, user.Id, history, file, now + options.ReplacedContentLifetime);
            }
        }
    }

    /// <summary>One content of the request, and what became of it.</summary>
    public sealed class Share(ShareFileRequest request)
    {
        public ShareFileRequest Request => request;

        public ContentDescription Content { get; } = new(request.Size, request.PieceLength, request.PiecesRoot);

        /// <summary>Why it was not shared; null: it was.</summary>
        public P2PShareException? Fault { get; set; }

        /// <summary>The id of its file.</summary>
        public long File { get; set; }

        public ListedFile? Listed { get; set; }

        /// <summary>How many contents the name has had, with this one.</summary>
        public long Version { get; set; } = 1;

        /// <summary>What the earlier versions of its name are found by; null if there are none.</summary>
        public long? History { get; set; }

        /// <summary>Whether its name is new in the group.</summary>
        public bool IsNew { get; set; }

        /// <summary>Null: it was shared already.</summary>
        public AuditAct? Act { get; set; }

        /// <summary>Takes room of a quota, or fails.</summary>
        public bool TryTake(ref long room, Func<P2PShareException> exceeded)
        {
            if (room > 0)
            {
                room--;
                return true;
            }

            Fault = exceeded();
            return false;
        }
    }
}
