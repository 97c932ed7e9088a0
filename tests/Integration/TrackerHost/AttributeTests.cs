using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What a name carries beside its content: time of modification and executable bit.</summary>
public sealed class AttributeTests : IAsyncLifetime
{
    private static readonly DateTimeOffset First = new DateTimeOffset(2020, 2, 29, 23, 59, 59, TimeSpan.Zero).AddTicks(9876543);
    private static readonly DateTimeOffset Second = First.AddTicks(1);

    private TestTracker _tracker = null!;
    private TestUser _alice = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        _bob = await TestUser.CreateAsync(_tracker, "bob");
        await _alice.CreateGroupAsync("dev");
        await _bob.JoinAsync(_alice, "dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task They_are_those_of_the_owner_until_the_owner_replaces_them()
    {
        var root = TestUser.RandomHash();
        await ShareAsync(_alice, root, First, executable: true);
        Assert.Equal((First, true), await ListedAsync());

        await ShareAsync(_bob, root, Second, executable: false);
        await ShareAsync(_bob, root, Second, executable: false);
        Assert.Equal((First, true), await ListedAsync());

        await ShareAsync(_bob, root, Second, executable: false, replace: true);
        Assert.Equal((First, true), await ListedAsync());

        await ShareAsync(_alice, root, Second, executable: null, replace: true);
        Assert.Equal((Second, true), await ListedAsync());
        await ShareAsync(_alice, TestUser.RandomHash(), null, executable: null, replace: true);
        Assert.Equal((null, null), await ListedAsync());
    }

    [TrackerFact]
    public async Task A_user_who_does_not_share_a_file_replaces_nothing()
    {
        var root = TestUser.RandomHash();
        await ShareAsync(_alice, root, First, executable: true);

        await ShareAsync(_bob, root, Second, executable: false, replace: true);

        Assert.Equal((First, true), await ListedAsync());
    }

    [TrackerFact]
    public async Task A_page_that_a_client_has_is_not_the_same_when_they_are_replaced()
    {
        var root = TestUser.RandomHash();
        await ShareAsync(_alice, root, First, executable: true);
        using var before = await _alice.GetPageAsync(TrackerRoutes.Files("dev"));
        await ShareAsync(_alice, root, Second, executable: true, replace: true);

        using var after = await _alice.GetPageAsync(TrackerRoutes.Files("dev"));

        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
    }

    [TrackerFact]
    public async Task Times_are_kept_from_1601_to_9999_and_others_are_refused_alone()
    {
        DateTimeOffset[] times = [new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch.AddTicks(-1)];
        var root = TestUser.RandomHash();
        var outcomes = await _alice.Expect<ShareFilesResponse>(HttpStatusCode.OK, await _alice.PostAsync(
            TrackerRoutes.Shares("dev"),
            new ShareFilesRequest([.. times.Append(times[0].AddTicks(-1)).Select((time, i) => new ShareFileRequest($"{i}", 100_000, PieceLength.For(100_000), root, false, time))])));

        Assert.Equal(ErrorCode.InvalidRequest, outcomes.Outcomes[3].Code);
        Assert.Equal(times.Select(time => (DateTimeOffset?)time), (await _bob.ListFilesAsync("dev")).Select(file => file.Modified));
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await _alice.PostAsync(TrackerRoutes.Files("dev"), new ShareFileRequest("file", 0, 65536, Modified: DateTimeOffset.MinValue))).StatusCode);
    }

    [TrackerTheory]
    [InlineData("\"modified\":\"10000-01-01T00:00:00Z\"", HttpStatusCode.BadRequest)]
    [InlineData("\"modified\":\"yesterday\"", HttpStatusCode.BadRequest)]
    [InlineData("\"modified\":5", HttpStatusCode.BadRequest)]
    [InlineData("\"executable\":\"yes\"", HttpStatusCode.BadRequest)]
    [InlineData("\"executable\":1", HttpStatusCode.BadRequest)]
    public async Task What_is_no_time_or_no_truth_is_refused(string member, HttpStatusCode expected)
    {
        using var response = await _alice.PostTextAsync(TrackerRoutes.Files("dev"), $"{{\"name\":\"a\",\"size\":0,\"pieceLength\":65536,{member}}}");
        Assert.Equal(expected, response.StatusCode);
    }

    [TrackerFact]
    public async Task A_file_that_a_client_of_before_shares_has_none_and_members_of_a_later_version_are_passed_over()
    {
        foreach (var later in new[] { "", ",\"later\":{\"a\":[1]}" })
        {
            using var response = await _alice.PostTextAsync(TrackerRoutes.Files("dev"), $"{{\"name\":\"tool{later.Length}\",\"size\":0,\"pieceLength\":65536{later}}}");
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            // A client of before reads what it knows.
            Assert.DoesNotContain("modified", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.All(await _bob.ListFilesAsync("dev"), file => Assert.Equal((null, null), (file.Modified, file.Executable)));
    }

    private static async Task ShareAsync(TestUser user, Hash256 root, DateTimeOffset? modified, bool? executable, bool replace = false)
    {
        using var response = await user.PostAsync(
            TrackerRoutes.Files("dev"), new ShareFileRequest("tool", 100_000, PieceLength.For(100_000), root, replace, modified, executable));
        Assert.True(response.IsSuccessStatusCode);
    }

    private async Task<(DateTimeOffset?, bool?)> ListedAsync() => Assert.Single(await _bob.ListFilesAsync("dev")) is var file ? (file.Modified, file.Executable) : default;
}
