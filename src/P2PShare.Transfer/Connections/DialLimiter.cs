using System.Net;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Limits how often this peer server dials one address: what a peer announces must not send downloaders against a third party. Safe
/// for concurrent use.
/// </summary>
internal sealed class DialLimiter(TimeProvider clock)
{
    /// <summary>Dials to one address in a second, in the long run.</summary>
    public const int PerSecond = 16;

    /// <summary>Dials to one address at once after a pause: as many sources as a download has, and their further connections.</summary>
    public const int Burst = 48;

    // Addresses that are forgotten when they have been left alone for as long as a burst lasts.
    private const int MaxAddresses = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (double Left, long Since)> _addresses = [];

    /// <summary>Whether an address may be dialled now; if so, it counts as dialled.</summary>
    public bool TryDial(IPAddress address)
    {
        var key = Admission.GetLimitedAddress(address);
        var now = clock.GetTimestamp();
        lock (_lock)
        {
            if (_addresses.Count >= MaxAddresses && !_addresses.ContainsKey(key))
            {
                foreach (var (unused, _) in _addresses.Where(one => GetLeft(one.Value, now) >= Burst).ToArray())
                {
                    _addresses.Remove(unused);
                }

                if (_addresses.Count >= MaxAddresses)
                {
                    return false;
                }
            }

            var left = _addresses.TryGetValue(key, out var known) ? GetLeft(known, now) : Burst;
            if (left < 1)
            {
                return false;
            }

            _addresses[key] = (left - 1, now);
            return true;
        }
    }

    private double GetLeft((double Left, long Since) known, long now) =>
        Math.Min(Burst, known.Left + clock.GetElapsedTime(known.Since, now).TotalSeconds * PerSecond);
}
