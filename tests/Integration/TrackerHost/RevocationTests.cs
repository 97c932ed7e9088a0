using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Sessions and memberships that have ended are worth nothing, at once; sessions are nobody's choice but the tracker's.</summary>
public sealed class RevocationTests
{
    [TrackerFact]
    public async Task No_two_tokens_have_anything_in_common()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var tokens = new List<byte[]>();
        for (var i = 0; i < 16; i++)
        {
            await alice.LogInAsync();
            tokens.Add(System.Buffers.Text.Base64Url.DecodeFromChars(alice.Session.Token!));
        }

        Assert.All(tokens, token => Assert.Equal(32, token.Length));
        // Of 256 random bits two share 128 on average; 60 or fewer apart happens less often than once in 10^17.
        Assert.All(tokens.SelectMany((one, i) => tokens.Skip(i + 1).Select(other => (one, other))), pair =>
            Assert.InRange(pair.one.Zip(pair.other, (a, b) => int.PopCount(a ^ b)).Sum(), 60, 196));
    }

    [TrackerFact]
    public async Task A_token_that_the_client_proposes_is_never_taken()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        var before = alice.Session.Token!;
        var chosen = new string('A', 43);
        foreach (var proposed in new[] { chosen, before })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{TrackerRoutes.Sessions}?token={proposed}")
            {
                Content = new StringContent(
                    $$"""{"userName":"alice","password":"{{TestPassword.Text}}","token":"{{proposed}}"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", proposed);
            request.Headers.Add("Cookie", $"token={proposed}; session={proposed}");
            var session = await alice.Expect<SessionResponse>(HttpStatusCode.Created, await alice.SendAsync(request));
            Assert.NotEqual(proposed, session.Token);
        }

        alice.UseToken(chosen);
        await alice.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await alice.GetAsync(TrackerRoutes.CurrentSession));
    }

    [TrackerTheory]
    [InlineData("logout")]
    [InlineData("password")]
    [InlineData("removal")]
    public async Task A_session_that_ended_is_refused_everywhere_at_once_and_receives_nothing_more(string end)
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var second = await TestTracker.StartBesideAsync(tracker);
        using var owner = await TestUser.CreateAsync(tracker, "owner");
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        using var thief = TestUser.Stranger(tracker);
        using var there = TestUser.Stranger(second);
        await owner.CreateGroupAsync("dev");
        await alice.JoinAsync(owner, "dev");
        using var elsewhere = await TestUser.LogInAsync(tracker, "alice");
        // What a logout does to this session the others do to all.
        var token = end == "logout" ? alice.Session.Token : elsewhere.Session.Token;
        thief.UseToken(token);
        there.UseToken(token);
        await thief.Expect(HttpStatusCode.OK, await thief.GetPageAsync(TrackerRoutes.Files("dev")));
        await there.Expect(HttpStatusCode.OK, await there.GetPageAsync(TrackerRoutes.Files("dev")));
        await using var stream = await EventListener.OpenAsync(thief);
        await using var streamThere = await EventListener.OpenAsync(there);
        // Its headers are checked while the session is there; its body comes later.
        var late = new LateContent("""{"name":"late","size":0,"pieceLength":16384}""");
        var sharing = thief.SendAsync(new HttpRequestMessage(HttpMethod.Post, TrackerRoutes.Files("dev")) { Content = late });
        await late.Begun;

        await alice.Expect(end == "password" ? HttpStatusCode.OK : HttpStatusCode.NoContent, end switch
        {
            "logout" => await alice.DeleteAsync(TrackerRoutes.CurrentSession),
            "password" => await alice.PutAsync(TrackerRoutes.CurrentPassword, new ChangePasswordRequest(TestPassword.Text, TestPassword.Changed)),
            _ => await alice.DeleteAsync(TrackerRoutes.CurrentUser),
        });

        foreach (var user in new[] { thief, there })
        {
            await user.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await user.GetPageAsync(TrackerRoutes.Files("dev")));
            await user.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await user.ShareAsync("dev", "a", null, size: 0));
        }

        await owner.Expect(HttpStatusCode.Created, await owner.ShareAsync("dev", "secret", null, size: 0));
        foreach (var listener in new[] { stream, streamThere })
        {
            while (await listener.NextItemAsync() is { } item)
            {
                Assert.DoesNotContain("secret", item.Data, StringComparison.Ordinal);
            }
        }

        late.Go();
        await thief.ExpectProblem(HttpStatusCode.Unauthorized, ErrorCode.NotLoggedIn, await sharing);
        Assert.Equal(["secret"], (await owner.ListFilesAsync("dev")).Select(file => file.Name));
    }

    [TrackerFact]
    public async Task A_removed_member_loses_all_of_the_group_at_once()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var owner = await TestUser.CreateAsync(tracker, "owner");
        using var bob = await TestUser.CreateAsync(tracker, "bob");
        var root = TestUser.RandomHash();
        await owner.CreateGroupAsync("dev");
        await bob.JoinAsync(owner, "dev");
        await owner.ShareAsync("dev", "file", root);
        await bob.ShareAsync("dev", "bobs", TestUser.RandomHash());
        await bob.AnnounceAsync(("dev", root, Complete: true));
        await bob.FindSourcesAsync("dev", root);
        await using var stream = await EventListener.OpenAsync(bob);

        await owner.Expect(HttpStatusCode.NoContent, await owner.DeleteAsync(TrackerRoutes.Member("dev", "bob")));

        string[] closed = [TrackerRoutes.Files("dev"), TrackerRoutes.GroupPeers("dev"), TrackerRoutes.Members("dev")];
        foreach (var path in closed)
        {
            await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.GetPageAsync(path));
        }

        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.AskSourcesAsync("dev", root));
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.ShareAsync("dev", "new", root));
        await bob.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotMember, await bob.DeleteAsync(TrackerRoutes.File("dev", "bobs")));
        Assert.Single((await bob.AnnounceAsync(("dev", root, Complete: true))).Rejected);
        // What bob offered is offered no more, and named to the others as ended.
        Assert.Empty(Assert.Single((await owner.FindSourcesAsync("dev", root)).Contents).Peers);
        Assert.Equal(["file"], (await owner.ListFilesAsync("dev")).Select(file => file.Name));
        Assert.Equal(bob.Session.UserId, Assert.Single((await owner.AnnounceAsync()).Revocations).UserId);
        // Of the group bob hears that he was taken out, and not what came after.
        await owner.ShareAsync("dev", "secret", root);
        await owner.CreateGroupAsync("another");
        await bob.JoinAsync(owner, "another");
        var heard = new List<GroupEvent>();
        do
        {
            heard.Add(await stream.NextAsync());
        }
        while (heard[^1].Group != "another");

        Assert.Equal(GroupEventKind.MemberRemoved, Assert.Single(heard, what => what.Group == "dev" && what.FileName is null).Kind);
        Assert.DoesNotContain(heard, what => what.FileName == "secret");
        // Resumed from the beginning, the stream does not tell it either.
        await using var resumed = await EventListener.OpenAsync(bob, after: "0");
        for (var what = await resumed.NextAsync(); what.Group != "another"; what = await resumed.NextAsync())
        {
            Assert.DoesNotContain("secret", what.FileName ?? "", StringComparison.Ordinal);
        }
    }

    /// <summary>A body that begins, and ends when it is told to.</summary>
    private sealed class LateContent : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] _body;

        public LateContent(string json)
        {
            _body = Encoding.UTF8.GetBytes(json);
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        public Task Begun => _begun.Task;

        public void Go() => _go.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_body.AsMemory(0, 1));
            await stream.FlushAsync();
            _begun.SetResult();
            await _go.Task;
            await stream.WriteAsync(_body.AsMemory(1));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _body.Length;
            return true;
        }
    }
}
