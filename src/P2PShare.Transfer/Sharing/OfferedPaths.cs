namespace P2PShare.Transfer.Sharing;

/// <summary>Which content is offered from which file, so that one whose file was overwritten can be let go. Safe for concurrent use.</summary>
internal sealed class OfferedPaths
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OfferedContent> _contents = new(StringComparer.Ordinal);

    /// <summary>Notes the file that a content is offered from now.</summary>
    /// <returns>Another content that was offered from there; null if there is none.</returns>
    public OfferedContent? Set(string path, OfferedContent offered)
    {
        lock (_lock)
        {
            var before = _contents.GetValueOrDefault(path);
            if (before == offered)
            {
                return null;
            }

            RemoveCore(offered);
            if (before is not null)
            {
                before.Path = null;
            }

            _contents[path] = offered;
            offered.Path = path;
            return before;
        }
    }

    /// <returns>The file that a content is offered from; null if it is not offered from a whole file.</returns>
    public string? Find(OfferedContent offered)
    {
        lock (_lock)
        {
            return offered.Path;
        }
    }

    /// <returns>The content that is offered from a file; null if there is none.</returns>
    public OfferedContent? Find(string path)
    {
        lock (_lock)
        {
            return _contents.GetValueOrDefault(path);
        }
    }

    /// <summary>Forgets a content that is not offered any more.</summary>
    public void Remove(OfferedContent offered)
    {
        lock (_lock)
        {
            RemoveCore(offered);
        }
    }

    private void RemoveCore(OfferedContent offered)
    {
        if (offered.Path is { } path)
        {
            _contents.Remove(path);
            offered.Path = null;
        }
    }
}
