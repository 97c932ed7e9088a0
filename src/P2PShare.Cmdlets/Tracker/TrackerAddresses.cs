using P2PShare.Protocol.Tracker;

namespace P2PShare;

/// <summary>Reads the file of trackers for programs that import the module.</summary>
public static class TrackerAddresses
{
    /// <summary>The <c>host:port</c> of each line of a tracker_info.txt, at least one.</summary>
    /// <exception cref="Protocol.P2PShareException">The file cannot be read, or a line of it is wrong.</exception>
    public static IReadOnlyList<string> Read(string path) => [.. TrackerInfo.Load(path).Select(address => address.Authority)];
}
