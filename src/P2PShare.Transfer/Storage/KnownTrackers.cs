using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The trackers whose certificate the user accepted, as SSH's known_hosts: one line <c>host:port fingerprint</c> each.
/// </summary>
public sealed class KnownTrackers
{
    private readonly string _path;
    private readonly Lock _lock = new();

    internal KnownTrackers(string path) => _path = path;

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
            var others = Load().Where(known => !IsSame(known, address));
            var lines = others.Append(address with { Fingerprint = fingerprint }).Select(known => $"{known.Authority} {known.Fingerprint}");
            var temporary = $"{_path}.{Environment.ProcessId}";
            File.WriteAllLines(temporary, lines);
            File.Move(temporary, _path, overwrite: true);
        }
    }

    private IReadOnlyList<TrackerAddress> Load() => File.Exists(_path) ? TrackerInfo.Parse(File.ReadAllText(_path)) : [];

    private static bool IsSame(TrackerAddress a, TrackerAddress b) =>
        a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);
}
