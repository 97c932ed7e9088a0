namespace P2PShare.Bench.Measuring;

/// <summary>The processor of this machine, which decides what figures can be compared with.</summary>
internal static class ProcessorModel
{
    /// <summary>Its name and the number of its cores that this process may use; the name is left out where the system does not have it in /proc.</summary>
    public static string Read()
    {
        const string Key = "model name";
        var line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal))
            : null;
        var name = line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        return $"{Environment.ProcessorCount} processors{(name is null ? "" : $" ({name})")}";
    }
}
