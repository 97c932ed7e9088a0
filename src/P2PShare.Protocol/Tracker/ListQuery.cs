namespace P2PShare.Protocol.Tracker;

/// <summary>
/// What to list. A list comes in pages, in an order that never changes: each response names the next page in <c>Link</c> (RFC 8288) with
/// the relation <c>next</c>, and the last one names none.
/// </summary>
/// <param name="Prefix">How names begin, without regard to case; empty: all.</param>
/// <param name="Mine">Of groups: only those that the caller is in or has asked to join.</param>
/// <param name="PageSize">Most items of a page, 1 to <see cref="MaxPageSize"/>.</param>
public sealed record ListQuery(string Prefix = "", bool Mine = false, int PageSize = ListQuery.MaxPageSize)
{
    /// <summary>Most items of a page.</summary>
    public const int MaxPageSize = 1000;

    /// <summary>The parameter of <see cref="PageSize"/>. A request without it comes from a client that expects a whole list.</summary>
    public const string PageSizeParameter = "page-size";

    /// <summary>The parameter with the place after which the page begins, as a link to it has it.</summary>
    public const string AfterParameter = "after";

    /// <summary>The parameter of <see cref="Prefix"/>.</summary>
    public const string PrefixParameter = "prefix";

    /// <summary>The parameter of <see cref="Mine"/>.</summary>
    public const string MineParameter = "mine";

    /// <summary>The relation of a link to the page that follows.</summary>
    public const string NextRelation = "next";

    /// <summary>Everything.</summary>
    public static ListQuery All { get; } = new();

    /// <summary>The path and query of the first page.</summary>
    /// <param name="path">Of the list: one of <see cref="TrackerRoutes"/>.</param>
    public string On(string path)
    {
        var prefix = Prefix.Length == 0 ? "" : $"&{PrefixParameter}={Uri.EscapeDataString(Prefix)}";
        var mine = Mine ? $"&{MineParameter}=true" : "";
        return $"{path}?{PageSizeParameter}={PageSize}{prefix}{mine}";
    }
}
