using System.Net;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>Counts the connections of each address. Safe for concurrent use.</summary>
internal sealed class AddressConnections(ConnectionOptions options, Audit audit)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];

    /// <returns>False if the address has as many as it may have.</returns>
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
