using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta.Updates;

/// <summary>ext4 images, made and changed by the tools of the file system without a mount.</summary>
internal static class DiskImage
{
    /// <summary>The programs that it needs.</summary>
    public static IReadOnlyList<string> Programs { get; } = ["mke2fs", "debugfs", "e2fsck"];

    // The same identity in each image, as the tools that make images for many machines set it.
    private const string Identity = "6f1d7d3c-50ab-4a3e-9d2b-2f0a35a1c0de";

    // Seconds since 1970: the clock of these tools.
    private static readonly Dictionary<string, string> Clock = new() { ["E2FSPROGS_FAKE_TIME"] = "1767225600" };

    /// <summary>Makes an image that holds a folder.</summary>
    /// <param name="size">Bytes, rounded down to KiB.</param>
    public static Task CreateAsync(string path, string folder, long size, CancellationToken cancellationToken) => Child.RunAsync(
        InstalledProgram.Get("mke2fs"),
        ["-q", "-F", "-t", "ext4", "-m", "0", "-U", Identity, "-E", $"hash_seed={Identity},root_owner=0:0", "-d", folder, path, $"{size / 1024}k"],
        cancellationToken,
        Clock);

    /// <summary>Does in an image of a tree's old folder what made its new folder of the old one.</summary>
    /// <param name="script">Where the commands are to be written.</param>
    /// <exception cref="BenchException">The file system of the image is damaged then.</exception>
    public static async Task ChangeAsync(string path, SourceTree tree, string script, CancellationToken cancellationToken)
    {
        var lines = new List<string> { $"mkdir /{SourceTree.FirstFolder}" };
        lines.AddRange(tree.Removed.Concat(tree.Replaced).Select(name => $"rm /{name}"));
        foreach (var name in tree.Replaced.Concat(tree.Added))
        {
            // It writes into its current folder only.
            lines.Add($"cd /{Path.GetDirectoryName(name)}");
            lines.Add($"write {Path.Combine(tree.NewFolder, name)} {Path.GetFileName(name)}");
        }

        await File.WriteAllLinesAsync(script, lines, cancellationToken);
        await Child.RunAsync(InstalledProgram.Get("debugfs"), ["-w", "-f", script, path], cancellationToken, Clock);
        await Child.RunAsync(InstalledProgram.Get("e2fsck"), ["-f", "-n", path], cancellationToken, Clock);
    }
}
