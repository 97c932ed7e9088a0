using System.Text.RegularExpressions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The link to the next page of a list, as a tracker sends it in <c>Link</c> (RFC 8288).</summary>
internal static partial class NextPage
{
    /// <summary>Most pages that are read of one list: far more than any tracker has.</summary>
    public const int MaxPages = 100_000;

    /// <param name="link">The values of the header.</param>
    /// <param name="path">Of the list.</param>
    /// <param name="next">Path and query of the next page; null if there is none.</param>
    /// <returns>False if the link leads anywhere else: the session's token is not sent there.</returns>
    public static bool TryFind(IEnumerable<string> link, string path, out string? next)
    {
        next = link.SelectMany(value => Link().Matches(value)).FirstOrDefault(match => match.Groups["relation"].Value == ListQuery.NextRelation)?.Groups["target"].Value;
        return next is null || next.StartsWith(path + "?", StringComparison.Ordinal);
    }

    [GeneratedRegex("""<(?<target>[^<>]*)>\s*;\s*rel="?(?<relation>[a-z]+)"?""", RegexOptions.NonBacktracking)]
    private static partial Regex Link();
}
