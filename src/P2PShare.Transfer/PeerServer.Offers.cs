using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer;

// What the peer server offers: what its user shared, what was received, and what is being received.
public sealed partial class PeerServer
{
    /// <summary>Shares a hashed file under a name with a group, and offers it from now on.</summary>
    /// <param name="replace">Whether a different content that this user shared under the name gives way.</param>
    public async Task<FileResponse> ShareAsync(
        HashedFile file, string group, string name, bool replace, CancellationToken cancellationToken)
    {
        FileName.Check(name);
        var content = file.Content;
        var response = await Tracker.ShareFileAsync(
            group, new ShareFileRequest(name, content.Size, content.PieceLength, content.PiecesRoot, replace), cancellationToken).ConfigureAwait(false);
        try
        {
            await _shares.AddAsync(file, response.Group, name, received: false).ConfigureAwait(false);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            throw new P2PShareException(
                ErrorCode.StateFolderUnusable, $"'{name}' is shared, but '{_state.Path}' could not keep it for the next shell: {e.Message}", e);
        }

        if (content.Size > 0)
        {
            Offer(new SharedContent(file), response.Group, name);
            await _announcer.FlushAsync(cancellationToken).ConfigureAwait(false);
            // The answer was made before this peer was announced.
            return response with { Sources = Math.Max(1, response.Sources) };
        }

        return response;
    }

    /// <summary>Offers a file that is here already and was found to be the same as the group's, as if it had been received.</summary>
    public void Adopt(HashedFile file, string group, string name)
    {
        if (file.Content.Size > 0)
        {
            Offer(new SharedContent(file), group, name);
            Keep(_shares.AddAsync(file, group, name, received: true));
        }
    }

    /// <summary>Stops sharing a name in a group.</summary>
    public async Task StopShareAsync(string group, string name, CancellationToken cancellationToken)
    {
        await _shares.StopShareAsync(group, name, cancellationToken).ConfigureAwait(false);
        OfferedContent[] withdrawn;
        lock (_lock)
        {
            withdrawn = [.. _offered.Values.Where(offered => offered.NameIn(group) == name)];
        }

        foreach (var offered in withdrawn)
        {
            Withdraw(offered, group);
        }
    }

    /// <summary>Ends when the tracker knows all that is offered by now.</summary>
    internal Task AnnouncedAsync(CancellationToken cancellationToken) => _announcer.FlushAsync(cancellationToken);

    internal OfferedContent? FindOffered(Hash256 root, string group)
    {
        lock (_lock)
        {
            return _offered.TryGetValue(root, out var offered) && offered.IsOfferedIn(group) ? offered : null;
        }
    }

    /// <summary>Offers a content in a group. A whole file takes the place of a part, and of another whole file.</summary>
    internal OfferedContent Offer(IContent content, string group, string name)
    {
        OfferedContent offered;
        bool isComplete;
        lock (_lock)
        {
            var root = content.Description.PiecesRoot!.Value;
            if (!_offered.TryGetValue(root, out offered!))
            {
                offered = _offered[root] = new OfferedContent(content);
            }
            else if (content is SharedContent)
            {
                offered.Swap(before =>
                {
                    (before as SharedContent)?.Dispose();
                    return content;
                });
            }

            offered.OfferIn(group, name);
            isComplete = offered.GetHave().IsComplete;
        }

        // Of a single piece nothing can be had before it is whole.
        if (isComplete || content.Description.PieceCount > 1)
        {
            _announcer.Hold(group, offered.PiecesRoot, isComplete);
        }

        return offered;
    }

    /// <summary>Withdraws a part whose download ended; nothing where something whole has taken its place.</summary>
    internal void Withdraw(OfferedContent offered, PartFile part, string group)
    {
        if (offered.IsBacked(part))
        {
            Withdraw(offered, group);
        }
    }

    /// <summary>Gives a whole part its name and goes on offering it from there.</summary>
    /// <exception cref="P2PShareException">DestinationExists, DiskFull or PathUnwritable.</exception>
    internal void Finish(OfferedContent offered, PartFile part, DownloadRequest request)
    {
        if (!offered.IsBacked(part))
        {
            part.Finish(request.Destination, request.Overwrite);
            return;
        }

        HashedFile? file = null;
        offered.Swap(_ =>
        {
            part.Finish(request.Destination, request.Overwrite);
            file = new HashedFile(
                request.Destination, new DateTimeOffset(File.GetLastWriteTimeUtc(request.Destination), TimeSpan.Zero), request.Content, part.PieceLayer);
            return new SharedContent(file);
        });
        foreach (var (group, name) in offered.Names)
        {
            _announcer.Hold(group, offered.PiecesRoot, isComplete: true);
            Keep(_shares.AddAsync(file!, group, name, received: true));
        }
    }

    /// <summary>A content turned out to be gone or changed: it is offered no longer.</summary>
    internal void ContentUnreadable(OfferedContent offered, Exception problem)
    {
        // A part that was just closed: its download says what there is to say.
        if (problem is P2PShareException)
        {
            Warn($"{string.Join(", ", offered.Names.Select(name => $"'{name.Value}' is not offered to group '{name.Key}' any more"))}: {problem.Message}");
        }

        foreach (var (group, _) in offered.Names)
        {
            Withdraw(offered, group);
        }
    }

    private void OfferAgain()
    {
        foreach (var share in _shares.GetAll().Where(share => share.File.Content.Size > 0))
        {
            var content = new SharedContent(share.File);
            try
            {
                content.Check();
                Offer(content, share.Group, share.Name);
            }
            catch (P2PShareException) when (share.Received)
            {
                // What was received belongs to the person, who may do with it as they like.
                Keep(_shares.RemoveAsync(share.Group, share.Name));
            }
            catch (P2PShareException e)
            {
                Warn($"'{share.Name}' is not offered to group '{share.Group}': {e.Message}");
            }
        }
    }

    private void Withdraw(OfferedContent offered, string group)
    {
        offered.Withdraw(group);
        _announcer.Withdraw(group, offered.PiecesRoot);
        lock (_lock)
        {
            if (offered.Names.Count == 0 && _offered.GetValueOrDefault(offered.PiecesRoot) == offered)
            {
                _offered.Remove(offered.PiecesRoot);
            }
        }

        foreach (var channel in offered.Channels.Where(channel => channel.Group == group))
        {
            channel.Connection.Close(channel, CloseReason.NotOffered);
        }
    }

    void IAnnounceHandler.OnRejected(Announcement holding)
    {
        OfferedContent? offered;
        lock (_lock)
        {
            offered = _offered.GetValueOrDefault(holding.PiecesRoot);
        }

        if (offered?.NameIn(holding.Group) is { } name)
        {
            Warn($"'{name}' is no file of group '{holding.Group}' any more, or you are no member of it: it is not offered there any longer.");
            Keep(_shares.RemoveAsync(holding.Group, name));
            Withdraw(offered, holding.Group);
        }
    }
}
