using System.Globalization;

namespace P2PShare.Bench.Measuring;

/// <summary>
/// Warm pages for what a measured run writes. A virtual machine returns freed memory to its host, here within a second,
/// and a first write to a page that was returned costs twenty times as much as one to a page that was not: that would
/// be measured, and would affect slow runs alone. So files of as many bytes are written before the run, and deleted bit
/// by bit during the run, as fast as it takes free memory.
/// </summary>
internal sealed class Ballast : IDisposable
{
    private const int FileLength = 16 << 20;

    // Freed and not yet used: little enough to be used before the host gets it.
    private const long AheadKibibytes = 32 << 10;
    private const long MarginBytes = 256 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(3);

    private readonly ManualResetEventSlim _stop = new();
    private readonly string _folder;
    private readonly Thread? _releasing;

    private Ballast(string folder, int files)
    {
        _folder = folder;
        var block = new byte[1 << 20];
        for (var i = 0; i < files; i++)
        {
            using var file = new FileStream(PathOf(i), FileMode.Create, FileAccess.Write, FileShare.None, 1);
            for (var written = 0; written < FileLength; written += block.Length)
            {
                file.Write(block);
            }
        }

        if (FreeKibibytes() is { } free)
        {
            _releasing = new Thread(() => Release(files, free + AheadKibibytes)) { IsBackground = true };
            _releasing.Start();
        }
    }

    /// <summary>Takes the pages, and frees them bit by bit until disposal.</summary>
    /// <param name="folder">On the disk that the run writes to.</param>
    /// <param name="bytes">As much as the measured run will write.</param>
    public static Ballast Take(string folder, long bytes)
    {
        var own = Path.Combine(folder, "ballast");
        Directory.CreateDirectory(own);
        return new Ballast(own, (int)((bytes + MarginBytes + FileLength - 1) / FileLength));
    }

    public void Dispose()
    {
        _stop.Set();
        _releasing?.Join();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Release(int files, long level)
    {
        while (files > 0 && !_stop.IsSet)
        {
            if (FreeKibibytes() < level)
            {
                File.Delete(PathOf(--files));
            }
            else
            {
                _stop.Wait(Interval);
            }
        }
    }

    private string PathOf(int index) => Path.Combine(_folder, index.ToString(CultureInfo.InvariantCulture));

    // Null: the system does not report it.
    private static long? FreeKibibytes()
    {
        try
        {
            var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemFree:", StringComparison.Ordinal));
            return line is null ? null : long.Parse(line.AsSpan(8, line.Length - 8 - 3), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
