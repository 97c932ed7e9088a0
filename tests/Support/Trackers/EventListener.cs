using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>A user's open stream of events, as bare HTTP.</summary>
internal sealed class EventListener : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<string>> _items;

    private EventListener(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> items)
    {
        _response = response;
        _items = items;
    }

    /// <summary>Of the last item.</summary>
    public string? LastId { get; private set; }

    /// <summary>Opens a stream and returns once no further event can be missed.</summary>
    public static async Task<EventListener> OpenAsync(TestUser user, string query = "", string? after = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events + query);
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        var response = await user.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await user.Expect(HttpStatusCode.OK, response);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var items = SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, data) => Encoding.UTF8.GetString(data)).EnumerateAsync().GetAsyncEnumerator();
        var listener = new EventListener(response, items);
        Assert.Equal(GroupEventItems.Ready, (await listener.NextItemAsync())?.EventType);
        return listener;
    }

    /// <returns>Null at the end of the stream.</returns>
    public async Task<SseItem<string>?> NextItemAsync()
    {
        if (!await _items.MoveNextAsync().AsTask().WaitAsync(Deadline))
        {
            return null;
        }

        LastId = _items.Current.EventId ?? LastId;
        return _items.Current;
    }

    public async Task<GroupEvent> NextAsync()
    {
        var item = await NextItemAsync();
        Assert.NotNull(item);
        var what = JsonSerializer.Deserialize(item.Value.Data, TrackerJson.Default.GroupEvent)!;
        Assert.Equal(what.Kind.ToString(), item.Value.EventType);
        Assert.Equal(what.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), item.Value.EventId);
        return what;
    }

    /// <summary>The next event in short: kind, group, user, file.</summary>
    public async Task<(GroupEventKind, string, string, string?)> NextShortAsync()
    {
        var what = await NextAsync();
        return (what.Kind, what.Group, what.UserName, what.FileName);
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
