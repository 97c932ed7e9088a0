using System.Collections;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Files;

/// <summary>Completes the names of files in the group that was typed, or in the groups that match a pattern.</summary>
public sealed class FileCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group)
        {
            return [];
        }

        var names = new List<(string, string)>();
        foreach (var found in await GroupSelection.FindAsync(session, group, GroupSelection.IsInside, cancellationToken).ConfigureAwait(false))
        {
            var files = await session.Client.GetFilesAsync(found, cancellationToken).ConfigureAwait(false);
            names.AddRange(files.Select(file => (file.Name, $"{file.Name}: {ByteText.Size(file.Size)}, {file.Sources} sources, {file.Owner}'s")));
        }

        return names.DistinctBy(name => name.Item1);
    }
}
