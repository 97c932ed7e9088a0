using System.Collections.Concurrent;
using System.Globalization;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>What processes and their descendants used, as Linux counts it in /proc. On another system there are none.</summary>
internal sealed class ProcessTree
{
    // sysconf(_SC_CLK_TCK) is 100 on every Linux there is.
    private const double TicksPerSecond = 100;

    // Indices in what ReadStat returns; proc(5) counts fields from 1, and the first two are left out.
    private const int State = 3 - 3;
    private const int Parent = 4 - 3;
    private const int UserTime = 14 - 3;
    private const int SystemTime = 15 - 3;
    private const int ChildrenUserTime = 16 - 3;
    private const int ChildrenSystemTime = 17 - 3;
    private const int StartTimeField = 22 - 3;

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

    /// <summary>Processor time of all that this process started and that has ended since.</summary>
    public static Usage ReadEndedUsage() => ReadStat(Environment.ProcessId) is { } stat
        ? new Usage(stat[ChildrenUserTime] / TicksPerSecond, stat[ChildrenSystemTime] / TicksPerSecond)
        : default;

    /// <summary>When a process started, in ticks since the system did; null: it has ended, or there is no /proc.</summary>
    public static long? StartTime(int id) => ReadStat(id) is { } stat && stat[State] != 'Z' ? stat[StartTimeField] : null;

    /// <summary>Ids of all processes.</summary>
    public static IEnumerable<int> AllIds() => !Directory.Exists("/proc") ? [] : Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
        .Where(id => id > 0);

    public void Add(int root) => _roots[root] = true;

    public void Remove(int root) => _roots.TryRemove(root, out _);

    /// <summary>Processor time so far, children that have ended included.</summary>
    public Usage ReadUsage()
    {
        var sum = default(Usage);
        foreach (var stat in Members().Select(ReadStat).OfType<long[]>())
        {
            sum += new Usage((stat[UserTime] + stat[ChildrenUserTime]) / TicksPerSecond, (stat[SystemTime] + stat[ChildrenSystemTime]) / TicksPerSecond);
        }

        return sum;
    }

    /// <summary>Looks at the memory of every process.</summary>
    public void Sample()
    {
        foreach (var peak in Members().Select(ResidentMemory.Read).OfType<ResidentMemory>().Select(memory => memory.Highest))
        {
            PeakMemory = Math.Max(PeakMemory, peak);
        }
    }

    private List<int> Members()
    {
        var parents = new Dictionary<int, int>();
        foreach (var id in AllIds())
        {
            if (ReadStat(id) is { } stat)
            {
                parents[id] = (int)stat[Parent];
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

    // Fields from the third on, as numbers; the state, a letter, as its code.
    private static long[]? ReadStat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return [.. fields.Select(field => long.TryParse(field, CultureInfo.InvariantCulture, out var value) ? value : field[0])];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
