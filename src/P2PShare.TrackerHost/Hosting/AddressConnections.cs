using System.Net;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>Counts the connections of each address. Safe for concurrent use.</summary>
internal sealed class AddressConnections(TrackerOptions options, Audit audit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];

    /// <returns>False where the address has as many as it may.</returns>
    public bool TryAdd(IPAddress address)
    {
        var network = address.Network();
        lock (_lock)
        {
            var count = _counts.GetValueOrDefault(network);
            if (count < options.ConnectionsPerAddress)
            {
                _counts[network] = count + 1;
                return true;
            }
        }

        audit.Throttled(address, "connections");
        return false;
    }

    public void Remove(IPAddress address)
    {
        var network = address.Network();
        lock (_lock)
        {
            if (--_counts[network] == 0)
            {
                _counts.Remove(network);
            }
        }
    }
}
