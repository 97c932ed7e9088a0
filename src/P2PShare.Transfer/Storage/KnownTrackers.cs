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
            return Load();
        }
    }

    /// <summary>The accepted fingerprint for this host and port; null if there is none.</summary>
    public Hash256? Find(TrackerAddress address)
    {
        lock (_lock)
        {
            return Load().LastOrDefault(known => IsSame(known, address))?.Fingerprint;
        }
    }

    /// <summary>Remembers a fingerprint, in place of any earlier one for this host and port.</summary>
    public void Remember(TrackerAddress address, Hash256 fingerprint)
    {
        lock (_lock)
        {
            Save([.. Load().Where(known => !IsSame(known, address)), address with { Fingerprint = fingerprint }]);
        }
    }

    /// <summary>Forgets the fingerprint for this host and port.</summary>
    public void Forget(TrackerAddress address)
    {
        lock (_lock)
        {
            Save([.. Load().Where(known => !IsSame(known, address))]);
        }
    }

    private void Save(IReadOnlyList<TrackerAddress> trackers)
    {
        if (trackers.Count == 0)
        {
            File.Delete(_path);
            return;
        }

        var temporary = $"{_path}.{Environment.ProcessId}";
        File.WriteAllLines(temporary, trackers.Select(known => $"{known.Authority} {known.Fingerprint}"));
        File.Move(temporary, _path, overwrite: true);
    }

    private IReadOnlyList<TrackerAddress> Load() => File.Exists(_path) ? TrackerInfo.Parse(File.ReadAllText(_path)) : [];

    private static bool IsSame(TrackerAddress a, TrackerAddress b) =>
        a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);
}
