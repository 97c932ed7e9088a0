using System.Management.Automation;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Files;

/// <summary>The local files from which downloads may take bytes: those that a person named, and those in folders that a person named.</summary>
internal static class ReuseSelection
{
    /// <summary>Most files; each download looks at all of them.</summary>
    public const int MaxFiles = 100_000;

    /// <param name="paths">Files or folders, without wildcards.</param>
    /// <param name="fail">Receives a fault for each path that stands for nothing, with the path.</param>
    /// <param name="warn">Receives a sentence, once, if folders could not be read or there are too many files.</param>
    public static IReadOnlyList<ReuseFile> Find(SessionState session, IReadOnlyList<string> paths, Action<P2PShareException, object?> fail, Action<string> warn)
    {
        var files = new List<ReuseFile>();
        var unreadable = new List<P2PShareException>();
        foreach (var path in paths)
        {
            try
            {
                files.AddRange(LocalFiles.Resolve(session, path, literal: true)
                    .SelectMany(resolved => LocalFiles.Expand(resolved, recurse: true, (fault, _) => unreadable.Add(fault)))
                    .Select(file => new ReuseFile(file.Path, file.Root)));
            }
            catch (P2PShareException e)
            {
                fail(e, path);
            }
        }

        if (unreadable.Count > 0)
        {
            warn($"{unreadable.Count} folders were not searched for files to reuse. The first: {unreadable[0].Message}");
        }

        if (files.Count > MaxFiles)
        {
            warn($"-ReuseFrom names {files.Count} files; the first {MaxFiles} are used.");
        }

        return [.. files.Take(MaxFiles)];
    }
}
