using System.Management.Automation;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>The local files from which downloads may take bytes: those that a person named, and those in folders that a person named.</summary>
internal static class ReuseSelection
{
    /// <summary>Most files; each download looks at all of them.</summary>
    public const int MaxFiles = 100_000;

    /// <param name="paths">Files or folders, without wildcards.</param>
    /// <param name="fail">Receives a fault for each path that stands for nothing, with the path.</param>
    /// <param name="warn">Receives a sentence, once, if something was left out, and one if there are too many files.</param>
    public static async Task<IReadOnlyList<ReuseFile>> FindAsync(
        SessionState session, IReadOnlyList<string> paths, Action<P2PShareException, object?> fail, Action<string> warn, CancellationToken cancellationToken)
    {
        var files = new List<ReuseFile>();
        var skipped = new List<string>();
        foreach (var path in paths)
        {
            try
            {
                var resolved = Path.TrimEndingDirectorySeparator(LocalFiles.Resolve(session, path, literal: true)[0]);
                // Folders may be large, and their disks slow: not on the pipeline's thread, which Ctrl+C has to reach.
                await Task.Run(() => Add(resolved, files, skipped, cancellationToken), cancellationToken).WaitAsync(cancellationToken);
            }
            catch (P2PShareException e)
            {
                fail(e, path);
            }
        }

        if (skipped.Count > 0)
        {
            warn($"-ReuseFrom leaves out {(skipped.Count == 1 ? "one path: " : $"{skipped.Count} paths. The first: ")}{skipped[0]}");
        }

        if (files.Count > MaxFiles)
        {
            warn($"-ReuseFrom names more than {MaxFiles} files; the first {MaxFiles} are used.");
        }

        return [.. files.Take(MaxFiles)];
    }

    private static void Add(string path, List<ReuseFile> files, List<string> skipped, CancellationToken cancellationToken)
    {
        try
        {
            FileSystemInfo found = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
            if (found.LinkTarget is not null)
            {
                skipped.Add($"'{path}' is a link, and links are not followed. Name what it leads to.");
            }
            else if (!found.Exists)
            {
                throw new P2PShareException(ErrorCode.PathNotFound, $"'{path}' does not exist.");
            }
            else if (found is FileInfo)
            {
                files.Add(new ReuseFile(path));
            }
            else
            {
                AddFolder(path, files, skipped, cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            skipped.Add($"'{path}' cannot be read: {e.Message}");
        }
    }

    private static void AddFolder(string path, List<ReuseFile> files, List<string> skipped, CancellationToken cancellationToken)
    {
        if (files.Count > MaxFiles)
        {
            // One warning tells that there are more.
            return;
        }

        var tree = LocalTree.Read(path, TimeProvider.System, MaxFiles + 1 - files.Count, cancellationToken);
        skipped.AddRange(tree.Faults.Select(fault => fault.Fault.Message));
        if (tree.Files.Count == 0 && tree.Faults.Count == 0)
        {
            skipped.Add($"The folder '{path}' has no file to take bytes from. Hidden files and links are left out.");
        }

        files.AddRange(tree.Files.Select(file => new ReuseFile(file.Path, file.Root)));
    }
}
