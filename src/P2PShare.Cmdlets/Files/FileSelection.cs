using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>Finds files at the tracker by names that a person typed; asks once for each group.</summary>
internal sealed class FileSelection(P2PSession session)
{
    private readonly Dictionary<string, IReadOnlyList<FileResponse>> _listings = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Groups of the session's user that a name or pattern selects.</summary>
    public async Task<IReadOnlyList<string>> FindGroupsAsync(string group, CancellationToken cancellationToken)
    {
        if (!NameMatch.IsPattern(group))
        {
            return [group];
        }

        var groups = await session.Client.GetGroupsAsync(cancellationToken);
        return [.. NameMatch.Select(groups.Where(IsInside), group, candidate => candidate.Name).Select(candidate => candidate.Name)];
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.FileNotFound"/> for a name without wildcards.</exception>
    public async Task<IReadOnlyList<FileResponse>> FindAsync(string group, string name, CancellationToken cancellationToken)
    {
        if (!_listings.TryGetValue(group, out var listing))
        {
            listing = await session.Client.GetFilesAsync(group, cancellationToken);
            _listings[group] = listing;
        }

        var found = NameMatch.Select(listing, name, file => file.Name);
        return found.Count > 0 || NameMatch.IsPattern(name) ? found : throw new P2PShareException(
            ErrorCode.FileNotFound, $"The group '{group}' has no file '{name}'. Get-P2PFile -Group {group} lists its files.");
    }

    private static bool IsInside(GroupResponse group) => group.Role is GroupRole.Member or GroupRole.Owner;
}
