using System.Collections.Concurrent;
using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>What processes and their descendants used, as Linux counts it in /proc.</summary>
public sealed class ProcessTree
{
    // sysconf(_SC_CLK_TCK) is 100 on every Linux there is.
    private const double TicksPerSecond = 100;

    private readonly ConcurrentDictionary<int, bool> _roots = [];

    public ProcessTree(params IEnumerable<int> roots)
    {
        foreach (var root in roots)
        {
            Add(root);
        }
    }

    /// <summary>Greatest resident memory of any one process seen by <see cref="Sample"/>, in bytes.</summary>
    public long PeakMemory { get; private set; }

    /// <summary>User and system time in seconds of all that this process started and that has ended since.</summary>
    public static double EndedCpuSeconds() =>
        ReadStat(Environment.ProcessId) is { } stat ? (stat[13] + stat[14]) / TicksPerSecond : 0;

    public void Add(int root) => _roots[root] = true;

    public void Remove(int root) => _roots.TryRemove(root, out _);

    /// <summary>User and system time so far in seconds, children that have ended included.</summary>
    public double CpuSeconds() => Members().Sum(id =>
        ReadStat(id) is { } stat ? (stat[11] + stat[12] + stat[13] + stat[14]) / TicksPerSecond : 0);

    /// <summary>Looks at the memory of every process.</summary>
    public void Sample()
    {
        foreach (var id in Members())
        {
            if (ReadPeak(id) is { } peak)
            {
                PeakMemory = Math.Max(PeakMemory, peak);
            }
        }
    }

    private List<int> Members()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && ReadStat(id) is { } stat)
            {
                parents[id] = (int)stat[1];
            }
        }

        return [.. parents.Keys.Where(id => IsMember(id, parents))];
    }

    private bool IsMember(int id, Dictionary<int, int> parents)
    {
        while (true)
        {
            if (_roots.ContainsKey(id))
            {
                return true;
            }

            if (!parents.TryGetValue(id, out id))
            {
                return false;
            }
        }
    }

    // Fields from the third on, as numbers: state is given as 0.
    private static long[]? ReadStat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return [.. fields.Select(field => long.TryParse(field, CultureInfo.InvariantCulture, out var value) ? value : 0)];
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? ReadPeak(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? null : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
