using Microsoft.AspNetCore.Http;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>A tracker whose lists lead astray.</summary>
public sealed class HostileListTests : IAsyncLifetime
{
    private const string OneGroup = """[{"groupId":"22222222-2222-2222-2222-222222222222","name":"dev","owner":"a","memberCount":1,"role":"None","created":"2026-01-01T00:00:00Z","listed":true}]""";

    private readonly TemporaryFolder _folder = new();
    private ScriptedTracker _tracker = null!;
    private TrackerSession _session = null!;

    public async Task InitializeAsync()
    {
        _tracker = await ScriptedTracker.StartAsync();
        _session = new TrackerSession([_tracker.Address], new KnownTrackers(_folder.Combine("known")));
    }

    public async Task DisposeAsync()
    {
        _session.Dispose();
        await _tracker.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(OneGroup, "<https://127.0.0.1:1/v2/groups?page-size=1>; rel=\"next\"")] // the session's token would go there
    [InlineData(OneGroup, "</v2/sessions/current?page-size=1>; rel=\"next\"")]
    [InlineData("[]", "</v2/groups?page-size=1&after=a>; rel=\"next\"")] // without end
    [InlineData("[null]", null)]
    public async Task A_list_that_leads_astray_ends_with_an_error(string body, string? link)
    {
        _tracker.Answer = context =>
        {
            if (link is not null)
            {
                context.Response.Headers.Link = link;
            }

            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(body);
        };

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());

        Assert.Equal(ErrorCode.NotATracker, error.Code);
        Assert.Equal(["GET /v2/groups"], _tracker.Asked);
    }

    [Fact]
    public async Task Pages_are_read_as_they_are_enumerated()
    {
        _tracker.Answer = context =>
        {
            context.Response.Headers.Link = "</v2/groups?page-size=1000&after=dev>; rel=\"next\"";
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(OneGroup);
        };

        Assert.Equal(3, await _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).Take(3).CountAsync());

        Assert.Equal(3, _tracker.Asked.Count);
    }
}
