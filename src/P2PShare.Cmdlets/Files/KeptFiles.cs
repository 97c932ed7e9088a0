using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>All files of a group, to be searched for many names: the cost of one search does not grow with how many there are.</summary>
internal sealed class KeptFiles
{
    private readonly (string Key, FileResponse File)[] _files;

    public KeptFiles(IEnumerable<FileResponse> files) =>
        _files = [.. files.Select(file => (Key: FileName.Key(file.Name), file)).OrderBy(one => one.Key, StringComparer.Ordinal)];

    /// <returns>The files whose names begin so, whatever their case; by <see cref="FileName.Key(string)"/>.</returns>
    public IEnumerable<FileResponse> Find(string prefix)
    {
        var key = FileName.Key(prefix);
        for (var i = FirstFrom(key); i < _files.Length && _files[i].Key.StartsWith(key, StringComparison.Ordinal); i++)
        {
            yield return _files[i].File;
        }
    }

    private int FirstFrom(string key)
    {
        var (from, until) = (0, _files.Length);
        while (from < until)
        {
            var middle = (from + until) / 2;
            (from, until) = string.CompareOrdinal(_files[middle].Key, key) < 0 ? (middle + 1, until) : (from, middle);
        }

        return from;
    }
}
