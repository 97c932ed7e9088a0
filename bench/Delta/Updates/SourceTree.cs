using System.Globalization;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta.Updates;

/// <summary>What is in the disk images and archives: a folder, and the same folder after an update that removes, replaces and adds files.</summary>
/// <param name="OldFolder">Before.</param>
/// <param name="NewFolder">After.</param>
/// <param name="Removed">Paths in both folders, <c>/</c> between folders.</param>
/// <param name="Replaced">The same paths with other bytes.</param>
/// <param name="Added">Half of them before all others by name.</param>
internal sealed record SourceTree(
    string OldFolder, string NewFolder, IReadOnlyList<string> Removed, IReadOnlyList<string> Replaced, IReadOnlyList<string> Added)
{
    /// <summary>The folder of the files that are before all others by name.</summary>
    public const string FirstFolder = "a-first";

    private const int FilesOfFolder = 25;

    // Of a file in 20 each.
    private const int Share = 20;

    private const int LeastLength = 1024;
    private const int Doublings = 11;

    /// <param name="folder">An empty one.</param>
    /// <param name="size">Bytes of all files of the old folder together.</param>
    public static async Task<SourceTree> CreateAsync(string folder, long size, int seed, CancellationToken cancellationToken)
    {
        var oldFolder = Path.Combine(folder, "old");
        var newFolder = Path.Combine(folder, "new");
        var random = new Random(seed);
        var names = new List<string>();
        for (var left = size; left > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = string.Create(CultureInfo.InvariantCulture, $"folder{names.Count / FilesOfFolder:000}/file{names.Count:00000}.bin");
            var length = Math.Min(left, NextLength(random));
            GeneratedFile.Write(Path.Combine(oldFolder, name), length, random, GeneratedFile.OldTime);
            names.Add(name);
            left -= length;
        }

        await Child.RunAsync(InstalledProgram.Get("cp"), ["--archive", oldFolder, newFolder], cancellationToken);
        var count = Math.Max(1, names.Count / Share);
        var shuffled = names.ToArray();
        random.Shuffle(shuffled);
        string[] removed = [.. shuffled.Take(count)];
        string[] replaced = [.. shuffled.Skip(count).Take(count)];
        string[] added = [.. Enumerable.Range(0, count).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{(i % 2 == 0 ? FirstFolder : Path.GetDirectoryName(names[i * Share]))}/added{i:00000}.bin"))];
        Array.ForEach(removed, name => File.Delete(Path.Combine(newFolder, name)));
        foreach (var name in replaced.Concat(added))
        {
            GeneratedFile.Write(Path.Combine(newFolder, name), NextLength(random), random, GeneratedFile.NewTime);
        }

        return new SourceTree(oldFolder, newFolder, removed, replaced, added);
    }

    // 1 KiB to 2 MiB: as many files between 1 and 2 KiB as between 1 and 2 MiB.
    private static long NextLength(Random random) => (long)(LeastLength * Math.Pow(2, random.NextDouble() * Doublings));
}
