using System.Globalization;
using System.Text;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// The users that exist for this process (user_namespaces(7)). A file of any other user shows the overflow user as its owner:
/// in a container without root that is what the folders of the machine's root show.
/// </summary>
internal static class UserNamespace
{
    /// <summary>The owner that is shown of a file whose own one does not exist here.</summary>
    public const uint Overflow = 65534;

    private const string MapPath = "/proc/self/uid_map";

    private static readonly Lazy<bool> OverflowIsUser = new(() => ReadMap() is not { } map || Maps(map, Overflow));

    /// <summary>Whether an owner stands for all users that do not exist here.</summary>
    public static bool IsOverflow(uint user) => user == Overflow && !OverflowIsUser.Value;

    /// <param name="map">Lines of first user here, first user outside, and count.</param>
    internal static bool Maps(string map, uint user) => map.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => Array.ConvertAll(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries), number => long.Parse(number, CultureInfo.InvariantCulture)))
        .Any(range => user >= range[0] && user < range[0] + range[2]);

    // Null if this kernel has no user namespaces.
    private static string? ReadMap()
    {
        using var handle = LinuxCalls.Open(null, MapPath, LinuxCalls.NoFollow, UnixFileMode.None, out var error);
        if (error != 0)
        {
            return null;
        }

        // 340 lines at most, of which one read gets a page.
        var map = new byte[64 * 1024];
        var length = 0;
        while (RandomAccess.Read(handle, map.AsSpan(length), length) is > 0 and var read)
        {
            length += read;
        }

        return Encoding.ASCII.GetString(map, 0, length);
    }
}
