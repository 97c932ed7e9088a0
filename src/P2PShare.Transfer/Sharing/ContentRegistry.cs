using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// What a peer offers: what its user shared, what was received, and what is being received. Keeps it for the next peer server, and
/// tells the tracker. Safe for concurrent use.
/// </summary>
public sealed class ContentRegistry : IContentLookup, IContentRegistry, IDisposable
{
    private readonly IAnnouncer _announcer;
    private readonly ShareStore _store;
    private readonly ShareAtTracker _shareAtTracker;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly OfferedContents _offered;
    private readonly OwnWithdrawals _withdrawals = new();
    private readonly OtherCopies _copies;
    private readonly ShareRestorer _restorer;
    private readonly WholeContentReader _reader;

    /// <param name="removed">Receives the pieces root of a content that is not offered any more.</param>
    internal ContentRegistry(IAnnouncer announcer, ShareStore store, ShareAtTracker shareAtTracker, ILogger logger, TimeProvider clock, Action<Hash256>? removed = null)
    {
        (_announcer, _store, _shareAtTracker, _logger, _clock) = (announcer, store, shareAtTracker, logger, clock);
        (_offered, _copies) = (new OfferedContents(clock, removed), new OtherCopies(store));
        _reader = new WholeContentReader(ReportUnreadable, clock);
        _restorer = new ShareRestorer(store, (file, name) => Offer(new SharedContent(file, clock), name), SafeFile.Find, logger, clock);
    }

    /// <summary>Registers a name of a content in a group at the tracker.</summary>
    internal delegate Task<FileResponse> ShareAtTracker(string group, ShareFileRequest request, CancellationToken cancellationToken);

    /// <inheritdoc cref="ShareRestorer.Hashing"/>
    internal Task Restoring => _restorer.Hashing;

    /// <inheritdoc cref="OfferedContents.NameCount"/>
    internal int NameCount => _offered.NameCount;

    /// <summary>Shares a hashed file under a name with a group, and offers it from now on.</summary>
    /// <param name="replace">Whether to replace a different content that this user shared under the name.</param>
    /// <exception cref="P2PShareException">The tracker's, or <see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public async Task<FileResponse> ShareAsync(
        HashedFile file, string group, string name, bool replace, CancellationToken cancellationToken)
    {
        FileName.Check(name);
        var (content, (modified, executable)) = (file.Content, file.Attributes);
        var request = new ShareFileRequest(name, content.Size, content.PieceLength, content.PiecesRoot, replace, modified, executable);
        var response = await _shareAtTracker(group, request, cancellationToken).ConfigureAwait(false);
        try
        {
            await _store.AddAsync(file, response.GroupIdentity, name, received: false).ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw new P2PShareException(
                ErrorCode.StateFolderUnusable, $"'{name}' is shared, but '{_store.Path}' could not keep it for the next shell: {e.Message}", e);
        }

        if (content.Size > 0)
        {
            _copies.MarkReadable(file.Path);
            Offer(new SharedContent(file, _clock), new OfferedName(response.GroupIdentity, name, IsReceived: false));
            await _announcer.FlushAsync(cancellationToken).ConfigureAwait(false);
            // The answer was made before this peer was announced.
            return response with { Sources = Math.Max(1, response.Sources) };
        }

        return response;
    }

    /// <summary>Offers a local file that was found to be the same as the group's, as if it had been received.</summary>
    public void Adopt(HashedFile file, GroupIdentity group, string name) =>
        ((IContentRegistry)this).Add(file.Content.Size > 0 ? [new ShareStore.Share(group, name, Received: true, file)] : []);

    /// <summary>Stops sharing names in a group; those that fail do so alone.</summary>
    /// <param name="names">At most <see cref="WithdrawFilesRequest.MaxNames"/>.</param>
    /// <exception cref="P2PShareException">As <see cref="ShareStore.WithdrawAsync"/>.</exception>
    public async Task<WithdrawFilesResponse> WithdrawAsync(string group, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        using var withdrawal = _withdrawals.Begin(group, names);
        var response = await _store.WithdrawAsync(group, names, cancellationToken).ConfigureAwait(false);
        var withdrawn = names.Except(response.Failed.Select(failed => failed.Name), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        foreach (var (offered, name) in _offered.FindNames(name => name.Group.Id == response.GroupId && withdrawn.Contains(name.Name)))
        {
            // The group may have the same content under another name, which this user still shares.
            if (offered.Withdraw(name))
            {
                Withdraw(offered, name.Group);
            }
        }

        return response;
    }

    /// <summary>Leaves or deletes a group, and stops offering there: what the tracker rejects meanwhile is no news.</summary>
    /// <param name="leave">Leaves it at the tracker.</param>
    public async Task LeaveAsync(string group, Func<Task> leave)
    {
        using var withdrawal = _withdrawals.Begin(group, names: null);
        await leave().ConfigureAwait(false);
        Remove(_offered.FindNames(name => AccountName.Key(name.Group.Name) == AccountName.Key(group)));
    }

    public void Dispose()
    {
        _restorer.Dispose();
        _offered.Dispose();
    }

    IServedContent? IContentLookup.Find(Hash256 piecesRoot, Guid group) =>
        _offered.Find(piecesRoot) is { } offered && offered.IsOfferedIn(group) ? offered : null;

    void IContentLookup.ReadWhole(IReadOnlyList<WholeContent> contents) => _reader.Read(contents);

    OfferedContent? IContentRegistry.FindWhole(Hash256 piecesRoot) => _offered.Find(piecesRoot) is { WholeFile: not null } offered ? offered : null;

    IReadOnlyList<string> IContentRegistry.FindPaths(Guid group) => _offered.FindPaths(group);

    void IContentRegistry.Add(IReadOnlyList<ShareStore.Share> received)
    {
        OfferAll(received);
        _store.AddAsync(received).ObserveFailure(_logger);
    }

    OfferedContent IContentRegistry.Offer(IContent content, GroupIdentity group, string name, bool isEarlier) => Offer(content, new OfferedName(group, name, IsReceived: true, isEarlier));

    void IContentRegistry.Withdraw(OfferedContent offered, IContent part, GroupIdentity group)
    {
        if (offered.IsBacked(part))
        {
            Withdraw(offered, group);
        }
    }

    void IContentRegistry.Finish(OfferedContent offered, IPartFile part, string destination, bool overwrite, EntryAttributes? attributes)
    {
        if (!offered.IsBacked(part))
        {
            part.Finish(destination, overwrite, attributes);
            return;
        }

        HashedFile? file = null;
        offered.Swap(_ =>
        {
            var stamp = part.Finish(destination, overwrite, attributes);
            file = new HashedFile(destination, stamp.Modified, part.Description, part.PieceLayer, stamp.Identity);
            return new SharedContent(file, _clock);
        });
        WithdrawReplaced(_offered.SetPath(destination, offered), offered, destination);
        foreach (var (group, name, _, isEarlier) in offered.Names)
        {
            _announcer.Hold(group.Id, offered.PiecesRoot, isComplete: true);
            _store.AddAsync([new ShareStore.Share(group, name, Received: true, file!) { IsEarlier = isEarlier }]).ObserveFailure(_logger);
        }
    }

    void IContentRegistry.RequireUnshared(string path) => _offered.RequireUnshared(path, _restorer.FindShared(path));
    void IContentRegistry.OfferAgain(string path) => _restorer.OfferAgain(path);
    void IContentRegistry.WithdrawFile(string path)
    {
        _restorer.Withdraw(path);
        _offered.FindFrom(path).ForEach(WithdrawAll);
    }

    Task IContentRegistry.FlushAnnouncesAsync(CancellationToken cancellationToken) => _announcer.FlushAsync(cancellationToken);

    void IContentRegistry.ReportUnreadable(OfferedContent offered, Exception problem) => ReportUnreadable(offered, problem);

    void IContentLookup.ReportUnreadable(IServedContent content, Exception problem) => ReportUnreadable((OfferedContent)content, problem);

    /// <inheritdoc cref="ShareRestorer.RestoreAsync"/>
    internal Task RestoreAsync() => _restorer.RestoreAsync();

    /// <summary>Offers a content in a group. A whole file takes the place of a part, and of another whole file.</summary>
    internal OfferedContent Offer(IContent content, OfferedName name)
    {
        var (offered, isComplete, replaced) = _offered.Add(content, name);
        WithdrawReplaced(replaced, offered, (content as SharedContent)?.File.Path);
        // One of a single piece cannot be had before it is whole.
        if (isComplete || content.Description.PieceCount > 1)
        {
            _announcer.Hold(name.Group.Id, offered.PiecesRoot, isComplete);
        }

        return offered;
    }

    /// <inheritdoc cref="IContentLookup.ReportUnreadable"/>
    internal void ReportUnreadable(OfferedContent offered, Exception problem)
    {
        var path = _offered.FindPath(offered);
        var names = offered.Names.ToList();
        WithdrawAll(offered);
        var elsewhere = path is null ? [] : OfferElsewhere(offered.PiecesRoot, path);
        var lost = names.Where(name => !elsewhere.Exists(share => IsOf(share, name))).Select(name => $"'{name.Name}' is not offered to group '{name.Group}' any more").ToList();
        // A part that was just closed is left to its download to report.
        if (problem is P2PShareException && lost.Count > 0)
        {
            _logger.ContentUnreadable(string.Join(", ", lost), problem.Message);
        }
    }

    /// <summary>Withdraws what the tracker rejected: it is not a file of the group any more, or the user is not a member.</summary>
    internal void RemoveRejected(IEnumerable<Announcement> rejected)
    {
        foreach (var group in rejected.GroupBy(one => one.GroupId, one => one.PiecesRoot))
        {
            var lost = group.Select(_offered.Find).OfType<OfferedContent>()
                .SelectMany(offered => offered.NamesIn(group.Key).Select(name => (offered, Name: name))).ToList();
            // What was received, or is withdrawn by this user, is not news.
            string[] news = [.. lost.Select(one => one.Name).Where(name => !name.IsReceived && !_withdrawals.Contains(name)).Select(name => $"'{name.Name}'")];
            if (news.Length > 0)
            {
                _logger.AnnouncementsRejected(NameList.Join(news), lost[0].Name.Group.Name);
            }

            Remove(lost);
        }
    }

    private void Remove(IReadOnlyList<(OfferedContent Content, OfferedName Name)> lost)
    {
        foreach (var group in _offered.FindFreeNames(lost))
        {
            _store.RemoveAsync(group.Key, [.. group]).ObserveFailure(_logger);
        }

        foreach (var (offered, name) in lost)
        {
            Withdraw(offered, name.Group);
        }
    }

    // A file has one content: what was offered from it before is gone, but not from another file that has the same bytes.
    private void WithdrawReplaced(OfferedContent? replaced, OfferedContent offered, string? path)
    {
        if (replaced is null)
        {
            return;
        }

        var lost = replaced.Names.Where(name => !name.IsEarlier && !offered.NamesIn(name.Group.Id).Any(now => !now.IsEarlier && now.Name == name.Name)).ToHashSet();
        var elsewhere = lost.Count == 0 || path is null ? [] : _copies.Find(replaced.PiecesRoot, path);
        lost.RemoveWhere(name => elsewhere.Exists(share => IsOf(share, name)));
        foreach (var offer in replaced.Names)
        {
            var (group, name, isReceived, _) = offer;
            if (lost.Contains(offer))
            {
                _store.RemoveAsync(group, name).ObserveFailure(_logger);
                if (!isReceived)
                {
                    _logger.ShareNotOffered(name, group.Name, "its file has another content, which is offered now. Share it again, or withdraw it.");
                }
            }

            Withdraw(replaced, group);
        }

        OfferAll(elsewhere);
    }

    private List<ShareStore.Share> OfferElsewhere(Hash256 root, string path)
    {
        _copies.MarkUnreadable(path);
        var elsewhere = _copies.Find(root, path);
        OfferAll(elsewhere);
        return elsewhere;
    }

    private void OfferAll(IReadOnlyList<ShareStore.Share> shares) =>
        shares.ToList().ForEach(share => Offer(new SharedContent(share.File, _clock), new OfferedName(share.Group, share.Name, share.Received, share.IsEarlier)));

    private static bool IsOf(ShareStore.Share share, OfferedName name) => share.Group.Id == name.Group.Id && share.Name == name.Name;

    private void WithdrawAll(OfferedContent offered) => offered.Names.Select(name => name.Group).Distinct().ToList().ForEach(group => Withdraw(offered, group));

    private void Withdraw(OfferedContent offered, GroupIdentity group)
    {
        offered.Withdraw(group);
        _announcer.Withdraw(group.Id, offered.PiecesRoot);
        _offered.RemoveUnoffered(offered);
        foreach (var channel in offered.Channels.Where(channel => channel.Group == group))
        {
            channel.Connection.Close(channel, CloseReason.NotOffered);
        }
    }
}
