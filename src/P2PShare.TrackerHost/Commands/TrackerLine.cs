using System.Globalization;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Commands;

/// <summary>The line of <c>tracker_info.txt</c> that a tracker listens on.</summary>
internal static class TrackerLine
{
    /// <param name="number">From 1, as it was typed.</param>
    /// <exception cref="P2PShareException">The file cannot be read, or has no such line.</exception>
    public static TrackerAddress Read(string path, string number)
    {
        var lines = TrackerInfo.Load(path);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var line) && line >= 1 && line <= lines.Count
            ? lines[line - 1]
            : throw new P2PShareException(
                ErrorCode.InvalidRequest,
                $"'{PrintableCharacter.Clean(number)}' is not the number of a tracker in '{path}': {(lines.Count == 1 ? "1" : $"1 to {lines.Count}")} was expected.");
    }
}
