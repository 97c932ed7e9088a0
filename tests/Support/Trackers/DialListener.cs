using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>The open stream of requests to dial of a user's peer, as bare HTTP.</summary>
internal sealed class DialListener : IAsyncDisposable
{
    // Longer than the time between two heartbeats.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _items;

    private DialListener(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items) => (_response, _items) = (response, items);

    /// <summary>Opens a stream and returns once no further request can be missed.</summary>
    public static async Task<DialListener> OpenAsync(TestUser user)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Dials(user.Fingerprint));
        var response = await user.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await user.Expect(HttpStatusCode.OK, response);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var items = SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, data) => Encoding.UTF8.GetString(data)).EnumerateAsync().GetAsyncEnumerator();
        var listener = new DialListener(response, items);
        Assert.Equal(GroupEventItems.Ready, (await listener.NextItemAsync())?.EventType);
        return listener;
    }

    /// <returns>Null at the end of the stream.</returns>
    public async Task<SseItem<string>?> NextItemAsync() => await _items.MoveNextAsync().AsTask().WaitAsync(Deadline) ? _items.Current : null;

    /// <returns>The next request, heartbeats left out; null at the end of the stream.</returns>
    public async Task<DialEvent?> TryNextAsync()
    {
        SseItem<string>? item;
        do
        {
            item = await NextItemAsync();
        }
        while (item?.EventType == GroupEventItems.Heartbeat);

        if (item is null)
        {
            return null;
        }

        Assert.Equal(DialEvent.ItemType, item.Value.EventType);
        return JsonSerializer.Deserialize(item.Value.Data, TrackerJson.Default.DialEvent)!;
    }

    public async Task<DialEvent> NextAsync()
    {
        var dial = await TryNextAsync();
        Assert.NotNull(dial);
        return dial;
    }

    public async ValueTask DisposeAsync()
    {
        // First, so that a read that waits ends.
        _response.Dispose();
        try
        {
            await _items.DisposeAsync();
        }
        catch (NotSupportedException)
        {
            // A read was cut.
        }
    }
}
