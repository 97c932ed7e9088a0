using System.ComponentModel;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>The page of a list that a request asks for, as it came. The parameters are texts, because the framework's own errors about them do not explain what was expected.</summary>
internal sealed class PageRequest
{
    // Longer than any name; with the fingerprint of a peer behind it.
    private const int MaxTextLength = 1200;

    [FromQuery(Name = ListQuery.PageSizeParameter)]
    [Description("Most items of the page. Required: a client that follows no links would take the first page for the whole list.")]
    public string? PageSize { get; init; }

    [FromQuery(Name = ListQuery.AfterParameter)]
    [Description("The place after which the page begins, as the link to it has it; the first page without it.")]
    public string? After { get; init; }

    [FromQuery(Name = ListQuery.PrefixParameter)]
    [Description("How the names of the items begin, without regard to case.")]
    public string? Prefix { get; init; }

    /// <param name="key">What the list's names are compared by.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PageSizeMissing"/> or <see cref="ErrorCode.InvalidRequest"/>.</exception>
    public PageRange Read(Func<string, string> key)
    {
        if (string.IsNullOrEmpty(PageSize))
        {
            throw new P2PShareException(
                ErrorCode.PageSizeMissing,
                $"This list comes in pages, and the request names no size: send {ListQuery.PageSizeParameter}=1 to {ListQuery.MaxPageSize}, and follow the response's Link of the relation '{ListQuery.NextRelation}' to the next page. An older program has to be updated.");
        }

        if (!int.TryParse(PageSize, NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size is < 1 or > ListQuery.MaxPageSize)
        {
            throw Invalid(ListQuery.PageSizeParameter, PageSize, $"1 to {ListQuery.MaxPageSize} was expected");
        }

        var prefix = key(Check(ListQuery.PrefixParameter, Prefix) ?? "");
        var after = Check(ListQuery.AfterParameter, After);
        var afterKey = after is null ? null : key(after);
        return afterKey?.StartsWith(prefix, StringComparison.Ordinal) == false
            ? throw Invalid(ListQuery.AfterParameter, after!, $"it was expected to begin with the {ListQuery.PrefixParameter}")
            : new PageRange(size, prefix, after, afterKey);
    }

    // PostgreSQL refuses text with a zero in it, and no name has a control character.
    private static string? Check(string parameter, string? text) =>
        text is null || (text.Length <= MaxTextLength && !text.Any(char.IsControl)) ? text : throw Invalid(parameter, text, "it was expected to be a name, or the beginning of one");

    public static P2PShareException Invalid(string parameter, string text, string expected) =>
        new(ErrorCode.InvalidRequest, $"'{PrintableCharacter.Clean(text)}' in {parameter} cannot be used: {expected}.");
}
