using System.Globalization;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>Resident memory of a process in bytes, as Linux counts it in /proc.</summary>
/// <param name="Now">VmRSS.</param>
/// <param name="Highest">VmHWM: the most since the process started.</param>
internal readonly record struct ResidentMemory(long Now, long Highest)
{
    /// <returns>Null: it has ended, or there is no /proc.</returns>
    public static ResidentMemory? Read(int id)
    {
        try
        {
            var lines = File.ReadAllLines($"/proc/{id}/status");
            return Find(lines, "VmRSS:") is { } now && Find(lines, "VmHWM:") is { } highest ? new ResidentMemory(now, highest) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // A process that is ending has neither.
    private static long? Find(string[] lines, string name) => Array.Find(lines, line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
        ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024
        : null;
}
