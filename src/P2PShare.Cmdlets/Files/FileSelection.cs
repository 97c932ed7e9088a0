using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>Finds files of groups by names that may have wildcards; asks the tracker once for each group.</summary>
internal sealed class FileSelection(P2PSession session)
{
    private readonly Dictionary<string, IReadOnlyList<FileResponse>> _listings = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<(Guid Group, string Name)> _caseConflicts = [];

    /// <exception cref="P2PShareException"><see cref="ErrorCode.FileNotFound"/> for a name without wildcards.</exception>
    public async Task<IReadOnlyList<FileResponse>> FindAsync(string group, string name, CancellationToken cancellationToken)
    {
        if (!_listings.TryGetValue(group, out var listing))
        {
            listing = await session.Client.GetFilesAsync(group, cancellationToken);
            _listings[group] = listing;
            _caseConflicts.UnionWith(listing.GroupBy(file => file.Name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1)
                .SelectMany(same => same, (_, file) => (file.GroupId, file.Name)));
        }

        var found = NameMatch.Select(listing, name, file => file.Name);
        return found.Count > 0 || NameMatch.IsPattern(name) ? found : throw NotFound(group, name);
    }

    /// <summary>A file that was found, for output.</summary>
    public P2PFile Describe(FileResponse file) => new(file, _caseConflicts.Contains((file.GroupId, file.Name)));

    public static P2PShareException NotFound(string group, string name) =>
        new(ErrorCode.FileNotFound, $"The group '{group}' has no file '{name}'.");
}
