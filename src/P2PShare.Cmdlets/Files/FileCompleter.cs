using System.Collections;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Files;

/// <summary>Completes the names of files in the group that was typed.</summary>
public sealed class FileCompleter : TrackerCompleter
{
    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken)
    {
        if (First(bound, "Group") is not { } group)
        {
            return [];
        }

        var files = await session.Client.GetFilesAsync(group, cancellationToken).ConfigureAwait(false);
        return files.Select(file => (file.Name, $"{file.Name}: {ByteText.Size(file.Size)}, {file.Sources} sources, {file.Owner}'s"));
    }
}
