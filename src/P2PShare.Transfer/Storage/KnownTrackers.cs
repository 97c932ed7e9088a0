using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The trackers whose certificate the user accepted, as SSH's known_hosts: one line <c>host:port fingerprint</c> each.
/// </summary>
public sealed class KnownTrackers
{
    /// <summary>The file's name in the state folder.</summary>
    internal const string FileName = "known_trackers.txt";

    private readonly string _path;
    private readonly Lock _lock = new();

    internal KnownTrackers(string path) => _path = path;

    /// <summary>The file.</summary>
    public string Path => _path;

    /// <summary>Those of a state folder, which need not exist and is not made.</summary>
    /// <param name="folder">As <see cref="StateFolder.Open"/>.</param>
    public static KnownTrackers In(string? folder) => new(System.IO.Path.Combine(StateFolder.PathOf(folder), FileName));

    /// <summary>All of them, with their fingerprints.</summary>
    public IReadOnlyList<TrackerAddress> GetAll()
    {
        lock (_lock)
        {
            return [.. Load().Select(line => line.Tracker).OfType<TrackerAddress>()];
        }
    }

    /// <summary>The accepted fingerprint for this host and port; null if there is none.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.StateFolderUnusable"/>: the file cannot be read, or has a line that may be the one about this tracker and
    /// cannot be understood. To take such a tracker for an unknown one would accept any certificate.
    /// </exception>
    public Hash256? Find(TrackerAddress address)
    {
        Line[] lines;
        lock (_lock)
        {
            lines = Load();
        }

        return lines.LastOrDefault(line => line.Tracker is { } known && IsSame(known, address)) is { } found ? found.Tracker!.Fingerprint
            : lines.FirstOrDefault(line => line.Problem is not null) is { } bad ? throw Unusable(
                $"line {bad.Number} is not 'host:port fingerprint', and may have been the one about {address.Authority}. Correct it, or delete it to trust the trackers anew")
            : null;
    }

    /// <summary>Remembers a fingerprint, in place of any earlier one for this host and port. Lines that cannot be understood stay.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public void Remember(TrackerAddress address, Hash256 fingerprint)
    {
        lock (_lock)
        {
            Save([.. LinesOfOthers(address), $"{address.Authority} {fingerprint}"]);
        }
    }

    /// <summary>Forgets the fingerprint for this host and port.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public void Forget(TrackerAddress address)
    {
        lock (_lock)
        {
            Save(LinesOfOthers(address));
        }
    }

    private string[] LinesOfOthers(TrackerAddress address) =>
        [.. Load().Where(line => line.Tracker is not { } known || !IsSame(known, address)).Select(line => line.Text)];

    private void Save(string[] lines)
    {
        try
        {
            if (lines.Length == 0)
            {
                File.Delete(_path);
                return;
            }

            PrivateFile.Write(_path, Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"it cannot be written: {e.Message}", e);
        }
    }

    private Line[] Load()
    {
        try
        {
            var text = Encoding.UTF8.GetString(PrivateFile.Read(_path) ?? []);
            return [.. text.Split('\n').Select((line, index) => Read(line.TrimEnd('\r'), index + 1)).Where(line => line.Text.Trim().Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"it cannot be read: {e.Message}", e);
        }
    }

    private static Line Read(string text, int number)
    {
        if (text.Split('#', 2)[0].Trim().Length == 0)
        {
            return new Line(text, number, null, null);
        }

        try
        {
            var tracker = TrackerInfo.Parse(text)[0];
            // A line that was cut may be an address without a fingerprint.
            return tracker.Fingerprint is null ? new Line(text, number, null, "No fingerprint.") : new Line(text, number, tracker, null);
        }
        catch (P2PShareException e)
        {
            return new Line(text, number, null, e.Message);
        }
    }

    private P2PShareException Unusable(string problem, Exception? inner = null) => new(
        ErrorCode.StateFolderUnusable, $"The trusted trackers are kept in '{_path}': {problem.TrimEnd('.')}.", inner);

    private static bool IsSame(TrackerAddress a, TrackerAddress b) =>
        a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);

    private sealed record Line(string Text, int Number, TrackerAddress? Tracker, string? Problem);
}
