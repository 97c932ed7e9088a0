using System.Runtime.CompilerServices;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>Reads a list of a tracker's page by page, as it is enumerated.</summary>
internal static class ListPages
{
    /// <param name="path">Of the list.</param>
    /// <param name="send">Sends a request for a page: its path and query.</param>
    /// <param name="read">Reads the items of a page.</param>
    /// <param name="createFault">Makes the exception for pages that no tracker sends.</param>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        string path,
        ListQuery query,
        Func<string, CancellationToken, Task<HttpResponseMessage>> send,
        Func<HttpResponseMessage, CancellationToken, Task<IReadOnlyList<T>>> read,
        Func<Exception> createFault,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = query.On(path);
        for (var pages = 1; next is not null; pages++)
        {
            IReadOnlyList<T> items;
            using (var response = await send(next, cancellationToken).ConfigureAwait(false))
            {
                items = await read(response, cancellationToken).ConfigureAwait(false);
                var links = response.Headers.TryGetValues("Link", out var values) ? values : [];
                if (!NextPage.TryFind(links, path, out next) || (next is not null && (items.Count == 0 || pages == NextPage.MaxPages)) || items.Any(item => item is null))
                {
                    throw createFault();
                }
            }

            foreach (var item in items)
            {
                yield return item;
            }
        }
    }
}
