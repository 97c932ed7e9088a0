using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>The local files in which the bytes of a download may be, the most likely first: what is read of them is bounded.</summary>
internal static class ReuseCandidates
{
    /// <summary>The file that is replaced, then what its user named, then files of the group that this peer has and that seem to be other versions.</summary>
    /// <param name="ofGroup">Full paths.</param>
    public static IReadOnlyList<ReuseFile> Find(DownloadRequest request, IEnumerable<string> ofGroup)
    {
        var named = request.ReuseFrom.OrderBy(file => Unlikeness(request, file.Path));
        // Of those that nobody named only what looks like another version: pieces are held back while files are searched.
        var letters = Letters(request.Destination);
        var others = ofGroup.Where(path => Letters(path) == letters).OrderBy(path => Unlikeness(request, path)).Select(path => new ReuseFile(path));
        IEnumerable<ReuseFile> replaced = request.Overwrite && File.Exists(request.Destination) ? [new ReuseFile(request.Destination, request.Root)] : [];
        return [.. replaced.Concat(named).Concat(others).DistinctBy(file => file.Path)];
    }

    // Names of versions differ in digits and what is between them: image-1.tar, image-2.10.tar.
    private static string Letters(string path)
    {
        var name = Path.GetFileName(path);
        var letters = string.Concat(name.Where(char.IsLetter)).ToUpperInvariant();
        return letters.Length > 0 ? letters : name;
    }

    // 0: the same name; 1: the same extension; 2: neither. OrderBy keeps the order of equal ones.
    private static int Unlikeness(DownloadRequest request, string path)
    {
        var name = Path.GetFileName(request.Destination);
        return Path.GetFileName(path) == name ? 0 : Path.GetExtension(path).Equals(Path.GetExtension(name), StringComparison.OrdinalIgnoreCase) ? 1 : 2;
    }
}
