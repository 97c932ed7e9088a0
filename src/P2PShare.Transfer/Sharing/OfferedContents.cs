using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>All contents that are offered, by pieces root. Safe for concurrent use.</summary>
/// <param name="removed">Receives the pieces root of a content that no group is offered any more.</param>
internal sealed class OfferedContents(TimeProvider clock, Action<Hash256>? removed = null) : IDisposable
{
    private readonly Dictionary<Hash256, OfferedContent> _contents = [];
    private readonly OfferedPaths _paths = new();
    // All names of a group have it in common: every answer of a tracker has one of its own.
    private readonly Dictionary<GroupIdentity, GroupIdentity> _groups = [];
    private readonly Lock _lock = new();

    /// <summary>Names offered, over all groups.</summary>
    public int NameCount
    {
        get
        {
            lock (_lock)
            {
                return _contents.Values.Sum(offered => offered.Names.Count);
            }
        }
    }

    public OfferedContent? Find(Hash256 piecesRoot)
    {
        lock (_lock)
        {
            return _contents.GetValueOrDefault(piecesRoot);
        }
    }

    /// <summary>The names under which contents are offered in some groups.</summary>
    public IReadOnlyList<(OfferedContent Content, OfferedName Name)> FindNames(Func<OfferedName, bool> matches)
    {
        lock (_lock)
        {
            return [.. from offered in _contents.Values from name in offered.Names where matches(name) select (offered, name)];
        }
    }

    /// <summary>The names of contents that are not offered under them any more, by group; without those that another content has by now, as after an earlier version.</summary>
    public IEnumerable<IGrouping<Guid, string>> FindFreeNames(IReadOnlyList<(OfferedContent Content, OfferedName Name)> lost)
    {
        var names = lost.Where(one => !one.Name.IsEarlier).Select(one => (Group: one.Name.Group.Id, one.Name.Name)).ToHashSet();
        var others = FindNames(name => !name.IsEarlier && names.Contains((name.Group.Id, name.Name))).Except(lost);
        names.ExceptWith(others.Select(one => (one.Name.Group.Id, one.Name.Name)));
        return names.GroupBy(one => one.Group, one => one.Name);
    }

    /// <summary>Adds a content under a name. A whole file takes the place of a part, and of another whole file.</summary>
    /// <returns>And another content that was offered from the same file before.</returns>
    public (OfferedContent Offered, bool IsComplete, OfferedContent? Replaced) Add(IContent content, OfferedName name)
    {
        lock (_lock)
        {
            var root = content.Description.PiecesRoot!.Value;
            if (!_contents.TryGetValue(root, out var offered))
            {
                offered = _contents[root] = new OfferedContent(content, clock);
            }
            else if (content is SharedContent)
            {
                offered.Swap(before =>
                {
                    (before as SharedContent)?.Dispose();
                    return content;
                });
            }

            offered.OfferIn(name with { Group = Intern(name.Group) });
            return content is SharedContent { File.Path: var path } ? (offered, true, SetPath(path, offered)) : (offered, offered.GetHave().IsComplete, null);
        }
    }

    /// <summary>The whole files from which contents are offered in a group.</summary>
    public IReadOnlyList<string> FindPaths(Guid group)
    {
        lock (_lock)
        {
            return [.. _contents.Values.Where(offered => offered.IsOfferedIn(group)).Select(offered => offered.Path).OfType<string>()];
        }
    }

    /// <inheritdoc cref="OfferedPaths.Find(OfferedContent)"/>
    public string? FindPath(OfferedContent offered) => _paths.Find(offered);

    /// <summary>What is offered from a file, by whatever path it was shared.</summary>
    public List<OfferedContent> FindFrom(string path)
    {
        OfferedContent[] contents;
        lock (_lock)
        {
            contents = [.. _contents.Values];
        }

        var file = SafeFile.Find(path);
        return [.. contents.Where(offered => offered.WholeFile is { File: var from } && (from.Path == path
            || (file is { } found && found.IsSameFile(new FileStatus(FileKind.File, default, 0, 1, from.Stamp)))))];
    }

    /// <param name="hashed">What the user shares from it and cannot be offered yet.</param>
    /// <exception cref="P2PShareException">DestinationInUse: the user shared the file.</exception>
    public void RequireUnshared(string path, OfferedName? hashed)
    {
        if ((FindFrom(path).SelectMany(offered => offered.Names).FirstOrDefault(name => !name.IsReceived) ?? hashed) is { } shared)
        {
            throw new P2PShareException(
                ErrorCode.DestinationInUse,
                $"'{path}' is shared with group '{shared.Group.Name}' as '{shared.Name}', and would change while others receive it. Stop sharing it first, or do not update it in place.");
        }
    }

    /// <summary>Notes the file that a content is offered from now.</summary>
    /// <returns>Another content that was offered from there before.</returns>
    public OfferedContent? SetPath(string path, OfferedContent offered) => _paths.Set(path, offered);

    /// <summary>Removes a content that no group is offered any more.</summary>
    public void RemoveUnoffered(OfferedContent offered)
    {
        lock (_lock)
        {
            if (!offered.Names.IsEmpty || _contents.GetValueOrDefault(offered.PiecesRoot) != offered)
            {
                return;
            }

            _contents.Remove(offered.PiecesRoot);
            _paths.Remove(offered);
        }

        removed?.Invoke(offered.PiecesRoot);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var offered in _contents.Values)
            {
                offered.Dispose();
            }

            _contents.Clear();
        }
    }

    private GroupIdentity Intern(GroupIdentity group)
    {
        if (!_groups.TryGetValue(group, out var known) || known.Name != group.Name)
        {
            _groups[group] = known = group;
        }

        return known;
    }
}
