using P2PShare.Protocol.Names;

namespace P2PShare.Protocol.Tracker;

/// <summary>
/// <c>tracker_info.txt</c>, which trackers and clients share: a line <c>host:port [fingerprint]</c> for each tracker;
/// <c>#</c> starts a comment.
/// </summary>
public static class TrackerInfo
{
    /// <summary>Reads the file's text.</summary>
    /// <returns>At least one address, in the order of the lines.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidTrackerInfo"/>, naming the line.</exception>
    public static IReadOnlyList<TrackerAddress> Parse(string text)
    {
        var addresses = new List<TrackerAddress>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split('#', 2)[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            addresses.Add(ParseLine(words, number));
        }

        return addresses.Count > 0
            ? addresses
            : throw new P2PShareException(
                ErrorCode.InvalidTrackerInfo, "The tracker file names no tracker: a line 'host:port [fingerprint]' was expected.");
    }

    /// <summary>Reads the file.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathUnreadable"/> or <see cref="ErrorCode.InvalidTrackerInfo"/>.
    /// </exception>
    public static IReadOnlyList<TrackerAddress> Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new P2PShareException(
                ErrorCode.PathNotFound, $"The tracker file '{path}' does not exist. Create it with a line 'host:port [fingerprint]' for each tracker.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnreadable, $"The tracker file '{path}' cannot be read: {e.Message}", e);
        }
    }

    private static TrackerAddress ParseLine(string[] words, int number)
    {
        if (words.Length > 2)
        {
            throw Bad(number, $"'{PrintableCharacter.Clean(words[2])}' is one word too many; 'host:port [fingerprint]' was expected.");
        }

        Hash256 fingerprint = default;
        if (words.Length == 2 && !Hash256.TryParse(words[1], out fingerprint))
        {
            throw Bad(number, $"'{PrintableCharacter.Clean(words[1])}' is not a fingerprint; 64 hexadecimal digits were expected, as the tracker prints them when it starts.");
        }

        try
        {
            return TrackerAddress.Parse(words[0], words.Length == 2 ? fingerprint : null);
        }
        catch (P2PShareException e)
        {
            throw Bad(number, e.Message);
        }
    }

    private static P2PShareException Bad(int line, string problem) =>
        new(ErrorCode.InvalidTrackerInfo, $"Line {line} of the tracker file: {problem}");
}
