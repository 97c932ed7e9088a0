using System.Collections;
using System.Globalization;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Files;

/// <summary>Completes the numbers of the versions of the file that was typed.</summary>
public sealed class VersionCompleter : TrackerCompleter
{
    private protected override string KeyOf(IDictionary bound, string prefix) => First(bound, "Name") ?? "";

    private protected override async Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken) =>
        First(bound, "Group") is { } group && First(bound, "Name") is { } name
            ? (await session.Client.ListVersionsAsync(group, name, cancellationToken).ConfigureAwait(false)).Select(file => (
                $"{file.Version}", string.Create(CultureInfo.CurrentCulture, $"{file.Version}: {ByteText.Size(file.Size)}, {file.Sources} sources, shared {file.Shared.ToLocalTime():g}")))
            : [];
}
