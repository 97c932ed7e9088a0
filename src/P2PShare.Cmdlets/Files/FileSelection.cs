using System.Runtime.CompilerServices;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>
/// Finds files of groups by names that may have wildcards, as the tracker sends them. Of a group that is asked about often, all files
/// are read once and kept.
/// </summary>
internal sealed class FileSelection(P2PSession session)
{
    // Requests of a page or less, after which one for all pages costs less than one more for each name.
    private const int MaxLookUps = 16;

    // Of a name, where it is usually one.
    private const int MaxSame = 10;

    private readonly Dictionary<string, int> _lookUps = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, KeptFiles> _kept = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>
    /// In the order of <see cref="FileName.Key(string)"/>: the file with exactly this name; if there is none, those that match the wildcards or that differ
    /// only in case.
    /// </returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.FileNotFound"/> for a name without wildcards.</exception>
    public async IAsyncEnumerable<FoundFile> FindAsync(string group, string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // No name of a file has the other two wildcards, but it may have those of a set: "a[1].txt".
        if (!name.AsSpan().ContainsAny('*', '?'))
        {
            var same = await FindSameAsync(group, name, cancellationToken).ConfigureAwait(false);
            foreach (var file in same)
            {
                yield return file;
            }

            if (same.Count > 0)
            {
                yield break;
            }

            if (!NameMatch.IsPattern(name))
            {
                throw NotFound(group, name);
            }
        }

        var isMatch = NameMatch.Matcher(name);
        await foreach (var file in WithConflictsAsync(ReadAsync(group, new ListQuery(NameMatch.Prefix(name)), cancellationToken)).ConfigureAwait(false))
        {
            if (isMatch(file.File.Name))
            {
                yield return file;
            }
        }
    }

    /// <summary>A file and its earlier versions that can still be received, the newest first.</summary>
    /// <param name="file">As the tracker has just sent it: one that was never replaced costs no request.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.VersionNotSupported"/> from a tracker that knows no versions; <see cref="ErrorCode.FileNotFound"/> if the file was withdrawn since; the tracker's.
    /// </exception>
    public async Task<IReadOnlyList<P2PFile>> ListVersionsAsync(FoundFile file, CancellationToken cancellationToken) =>
        file.File.Version == 1 ? [file.Describe()] : await ReadVersionsAsync(file, cancellationToken).ConfigureAwait(false);

    /// <summary>One version of a file.</summary>
    /// <param name="file">Any version of it, which may have been replaced since.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.FileNotFound"/> if there is no such version, or none any more; <see cref="ErrorCode.VersionNotSupported"/>; the tracker's.
    /// </exception>
    public async Task<P2PFile> GetVersionAsync(P2PFile file, long number, CancellationToken cancellationToken)
    {
        var versions = await ReadVersionsAsync(new FoundFile(file.Response, file.CaseConflict), cancellationToken).ConfigureAwait(false);
        return versions.FirstOrDefault(version => version.Version == number) ?? throw new P2PShareException(
            ErrorCode.FileNotFound,
            $"'{file.Name}' of group '{file.Group}' has no version {number} that can be received: there is {string.Join(", ", versions.Select(version => version.Version))}.");
    }

    public static P2PShareException NotFound(string group, string name) =>
        new(ErrorCode.FileNotFound, $"The group '{group}' has no file '{name}'.");

    private async Task<IReadOnlyList<P2PFile>> ReadVersionsAsync(FoundFile file, CancellationToken cancellationToken) => file.File.Version is null
        ? throw new P2PShareException(
            ErrorCode.VersionNotSupported, $"The tracker is of a version that has no earlier versions of '{file.File.Name}' or of any other file: update it.")
        : [.. (await session.Client.ListVersionsAsync(file.File.Group, file.File.Name, cancellationToken).ConfigureAwait(false))
            .Select(version => new P2PFile(version, file.CaseConflict))];

    /// <returns>The file with exactly this name; if there is none and the name is no pattern, those that differ only in case.</returns>
    private async Task<IReadOnlyList<FoundFile>> FindSameAsync(string group, string name, CancellationToken cancellationToken)
    {
        var same = new List<FoundFile>();
        var key = FileName.Key(name);
        var query = new ListQuery(NameMatch.LiteralPrefix(name), PageSize: MaxSame);
        await foreach (var file in WithConflictsAsync(ReadAsync(group, query, cancellationToken)).ConfigureAwait(false))
        {
            // Names with one key follow each other, and before all others that begin so.
            if (FileName.Key(file.File.Name) != key && (same.Count > 0 || query.Prefix == name))
            {
                break;
            }

            if (FileName.Key(file.File.Name) == key)
            {
                same.Add(file);
            }
        }

        var exact = same.Where(file => file.File.Name == name).ToList();
        return exact.Count > 0 ? exact
            : NameMatch.IsPattern(name) ? []
            : [.. same.Where(file => string.Equals(file.File.Name, name, StringComparison.OrdinalIgnoreCase))];
    }

    private async IAsyncEnumerable<FileResponse> ReadAsync(string group, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lookUps = _lookUps[group] = _lookUps.GetValueOrDefault(group) + 1;
        if (lookUps <= MaxLookUps)
        {
            await foreach (var file in session.Client.ListFilesAsync(group, query, cancellationToken).ConfigureAwait(false))
            {
                yield return file;
            }

            yield break;
        }

        if (!_kept.TryGetValue(group, out var kept))
        {
            _kept[group] = kept = new KeptFiles(await session.Client.ListFilesAsync(group, ListQuery.All, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false));
        }

        foreach (var file in kept.Find(query.Prefix))
        {
            yield return file;
        }
    }

    // Of names with one key it has to see the last before it knows about the first.
    private static async IAsyncEnumerable<FoundFile> WithConflictsAsync(IAsyncEnumerable<FileResponse> files)
    {
        var same = new List<FileResponse>();
        await foreach (var file in files.ConfigureAwait(false))
        {
            if (same.Count > 0 && FileName.Key(same[0].Name) != FileName.Key(file.Name))
            {
                foreach (var found in Judge(same))
                {
                    yield return found;
                }

                same.Clear();
            }

            same.Add(file);
        }

        foreach (var found in Judge(same))
        {
            yield return found;
        }
    }

    private static IEnumerable<FoundFile> Judge(List<FileResponse> same) => same.Select(file => new FoundFile(
        file, same.Exists(other => other.Name != file.Name && string.Equals(other.Name, file.Name, StringComparison.OrdinalIgnoreCase))));
}
