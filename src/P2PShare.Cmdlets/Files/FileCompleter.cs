using System.Collections;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>Completes the names of files in the group that was typed, or in the groups that match a pattern.</summary>
public sealed class FileCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group)
        {
            return [];
        }

        var names = new List<(string, string)>();
        await foreach (var found in GroupSelection.FindAsync(session, group, GroupSelection.IsInside, cancellationToken).ConfigureAwait(false))
        {
            names.AddRange(await session.Client.ListFilesAsync(found, new ListQuery(prefix), cancellationToken).Take(MaxNames - names.Count)
                .Select(file => (file.Name, $"{file.Name}: {ByteText.Size(file.Size)}, {file.Sources} sources, {file.Owner}'s"))
                .ToListAsync(cancellationToken).ConfigureAwait(false));
            if (names.Count == MaxNames)
            {
                break;
            }
        }

        return names.DistinctBy(name => name.Item1);
    }
}
