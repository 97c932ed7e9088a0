namespace P2PShare.Cmdlets.Copying;

/// <summary>The names of the targets of a copy: each is another one, also as a folder's name where upper and lower case are the same.</summary>
internal static class TargetNames
{
    // File systems take 255 bytes; a number and an extension have to fit too.
    private const int MaxFolderName = 100;

    /// <summary>Names targets by their computers; if several are on one, by their sessions too, and if that does not do, by a number.</summary>
    public static IReadOnlyList<string> Make(IReadOnlyList<(string Computer, string Session)> targets)
    {
        var counts = targets.CountBy(target => target.Computer, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        var folders = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new List<string>();
        foreach (var (computer, session) in targets)
        {
            var name = counts[computer] == 1 ? computer : $"{computer} ({session})";
            var unique = name;
            for (var number = 2; !folders.Add(ToFolder(unique)); number++)
            {
                unique = $"{name[..Math.Min(name.Length, MaxFolderName - 10)]} {number}";
            }

            names.Add(unique);
        }

        return names;
    }

    /// <summary>The name of the folder in which a target's files are collected.</summary>
    public static string ToFolder(string name)
    {
        var cut = name.Length > MaxFolderName ? name[..MaxFolderName] : name;
        var folder = string.Concat(cut.Select(one => char.IsAsciiLetterOrDigit(one) || ".-_ ()".Contains(one, StringComparison.Ordinal) ? one : '_')).Trim('.', ' ');
        return folder.Length > 0 ? folder : "session";
    }
}
