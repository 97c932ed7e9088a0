using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Who may do what: every endpoint, asked by everybody.</summary>
public sealed class EndpointAccessTests
{
    private const string Group = "dev";

    private static readonly Hash256 Root = TestUser.RandomHash();
    // Of the group of the running test.
    private static Guid GroupId;

    private static readonly Hash256 Fingerprint = TestUser.RandomHash();

    // What each is answered: status, and code where it is refused. In this order: somebody who never asked to join, somebody
    // whose request waits, a reader, a publisher, a manager, the owner. Without a token, and with one that is none, the answer is 401 NotLoggedIn
    // wherever a token is wanted.
    private static readonly Row[] Table =
    [
        Open("POST /v2/users", 201, () => Json(new CreateUserRequest("dave", TestPassword.Text), TrackerJson.Default.CreateUserRequest)),
        Open("POST /v2/sessions", 201, () => Json(new LoginRequest("alice", TestPassword.Text), TrackerJson.Default.LoginRequest)),
        Open("GET /.well-known/jwks.json", 200),
        Open("GET /healthz", 200),
        Open("GET /readyz", 200),
        Open("GET /openapi/v1.json", 200),

        new("PUT /v2/users/current/password", ["200", "200", "200", "200", "200", "200"],
            Body: () => Json(new ChangePasswordRequest(TestPassword.Text, "another password"), TrackerJson.Default.ChangePasswordRequest)),
        new("DELETE /v2/users/current", ["204", "204", "204", "204", "204", "409 UserOwnsGroups"]),
        new("GET /v2/sessions/current", ["200", "200", "200", "200", "200", "200"]),
        new("DELETE /v2/sessions/current", ["204", "204", "204", "204", "204", "204"]),

        new("POST /v2/groups", ["201", "201", "201", "201", "201", "201"],
            Body: () => Json(new CreateGroupRequest("another"), TrackerJson.Default.CreateGroupRequest)),
        new("GET /v2/groups", ["200", "200", "200", "200", "200", "200"], ListQuery.All.On("/v2/groups")),
        new("GET /v2/groups/{group}", ["200", "200", "200", "200", "200", "200"]),
        new("DELETE /v2/groups/{group}", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "204"]),
        new("PUT /v2/groups/{group}/owner", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "200"],
            Body: () => Json(new SetGroupOwnerRequest("member"), TrackerJson.Default.SetGroupOwnerRequest)),

        new("GET /v2/groups/{group}/members", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"], ListQuery.All.On("/v2/groups/dev/members")),
        new("DELETE /v2/groups/{group}/members/{user}", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "204", "204"], "/v2/groups/dev/members/other"),

        new("PUT /v2/groups/{group}/members/{user}", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "200", "200"], "/v2/groups/dev/members/waiting",
            () => Json(new AddMemberRequest(MemberRole.Publisher), TrackerJson.Default.AddMemberRequest)),
        new("PUT /v2/groups/{group}/members/{user}/role", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "200", "200"], "/v2/groups/dev/members/other/role",
            () => Json(new SetMemberRoleRequest(MemberRole.Reader), TrackerJson.Default.SetMemberRoleRequest)),

        new("POST /v2/groups/{group}/requests", ["201", "200", "409 AlreadyMember", "409 AlreadyMember", "409 AlreadyMember", "409 AlreadyMember"]),
        new("GET /v2/groups/{group}/requests", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "200", "200"], ListQuery.All.On("/v2/groups/dev/requests")),
        new("POST /v2/groups/{group}/requests/{user}/approval", ["403 NotOwner", "403 NotOwner", "403 NotOwner", "403 NotOwner", "204", "204"], "/v2/groups/dev/requests/waiting/approval"),
        new("DELETE /v2/groups/{group}/requests/{user}", ["403 NotOwner", "204", "403 NotOwner", "403 NotOwner", "204", "204"], "/v2/groups/dev/requests/pending"),

        new("GET /v2/groups/{group}/files", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"], ListQuery.All.On("/v2/groups/dev/files")),
        new("POST /v2/groups/{group}/files", ["403 NotMember", "403 NotMember", "403 RoleTooLow", "201", "201", "201"],
            Body: () => Json(new ShareFileRequest("new", 100_000, PieceLength.For(100_000), Root), TrackerJson.Default.ShareFileRequest)),
        new("GET /v2/groups/{group}/versions/{**name}", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"], "/v2/groups/dev/versions/file"),
        new("DELETE /v2/groups/{group}/files/{**name}", ["403 NotMember", "403 NotMember", "403 NotSharer", "403 NotSharer", "403 NotSharer", "204"], "/v2/groups/dev/files/file"),
        new("POST /v2/groups/{group}/shares", ["403 NotMember", "403 NotMember", "403 RoleTooLow", "200", "200", "200"],
            Body: () => Json(new ShareFilesRequest([new ShareFileRequest("new", 100_000, PieceLength.For(100_000), Root)]), TrackerJson.Default.ShareFilesRequest)),
        new("POST /v2/groups/{group}/withdrawals", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"],
            Body: () => Json(new WithdrawFilesRequest(["file"]), TrackerJson.Default.WithdrawFilesRequest)),
        new("POST /v2/groups/{group}/sources", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"],
            Body: () => Json(new SourcesRequest(GroupId, Fingerprint, Fingerprint, [Root]), TrackerJson.Default.SourcesRequest)),

        new("GET /v2/groups/{group}/peers", ["403 NotMember", "403 NotMember", "200", "200", "200", "200"], ListQuery.All.On("/v2/groups/dev/peers")),
        new("POST /v2/peers", ["200", "200", "200", "200", "200", "200"],
            Body: () => Json(new AnnounceRequest(Fingerprint, 1, [], Full: false, [new Announcement(GroupId, Root, true)], [], RevocationsAfter: 0), TrackerJson.Default.AnnounceRequest)),
        new("DELETE /v2/peers/{fingerprint}", ["204", "204", "204", "204", "204", "204"], $"/v2/peers/{Fingerprint}"),
        // The group that is meant had the name before; the caller has no such peer online.
        new("POST /v2/groups/{group}/dial-requests", ["403 NotMember", "403 NotMember", "404 GroupNotFound", "404 GroupNotFound", "404 GroupNotFound", "404 GroupNotFound"],
            Body: () => Json(new DialRequest(Guid.Empty, Root, Fingerprint, Fingerprint), TrackerJson.Default.DialRequest)),
        new("GET /v2/peers/{fingerprint}/dials", ["404 PeerNotFound", "404 PeerNotFound", "404 PeerNotFound", "404 PeerNotFound", "404 PeerNotFound", "404 PeerNotFound"], $"/v2/peers/{Fingerprint}/dials"),
        new("GET /v2/events", ["200", "200", "200", "200", "200", "200"]),
    ];

    [TrackerFact]
    public async Task Every_endpoint_answers_every_caller_as_in_the_table()
    {
        await using var tracker = await TestTracker.StartAsync();
        var mapped = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {endpoint.RoutePattern.RawText}"));
        // A new endpoint needs a row here: who may use it, and what are the others told?
        Assert.Equal(mapped.Order(StringComparer.Ordinal), Table.Select(row => row.Endpoint).Order(StringComparer.Ordinal));

        var wrong = new List<string>();
        using var anybody = TestUser.CreateClient(tracker.Address);
        using var described = JsonDocument.Parse(await anybody.GetStringAsync("/openapi/v1.json"));
        using var cast = await Cast.CreateAsync(tracker);
        foreach (var row in Table)
        {
            for (var who = 0; who < Cast.Names.Length; who++)
            {
                await cast.RestoreAsync();
                var answer = await cast.AskAsync(who, row);
                var expected = who < Cast.Users ? row.NeedsToken ? "401 NotLoggedIn" : row.Expected[0] : row.Expected[row.NeedsToken ? who - Cast.Users : 0];
                if (answer != expected)
                {
                    wrong.Add($"{row.Endpoint}, {Cast.Names[who]}: {answer} where {expected} was expected");
                }

                // The description describes itself nowhere.
                if (row.Endpoint != "GET /openapi/v1.json" && !IsDescribed(described, row.Endpoint, answer))
                {
                    wrong.Add($"{row.Endpoint}, {Cast.Names[who]}: {answer} is not in /openapi/v1.json");
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static bool IsDescribed(JsonDocument document, string endpoint, string answer)
    {
        var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1].Replace("{**", "{", StringComparison.Ordinal));
        var responses = document.RootElement.GetProperty("paths").GetProperty(path).GetProperty(method.ToLowerInvariant()).GetProperty("responses");
        return answer.Split(' ') is [var status, .. var code]
            && responses.TryGetProperty(status, out var response)
            && (code is [] || response.GetProperty("content").GetProperty("application/problem+json").GetProperty("schema").GetProperty("allOf")[1]
                .GetProperty("properties").GetProperty("code").GetProperty("enum").EnumerateArray().Any(one => one.GetString() == code[0]));
    }

    private static Row Open(string endpoint, int status, Func<HttpContent>? body = null) =>
        new(endpoint, [$"{status}"], Path: null, body, NeedsToken: false);

    private static JsonContent Json<T>(T value, JsonTypeInfo<T> type) => JsonContent.Create(value, type);

    /// <param name="Path">Null: the endpoint's, with the group.</param>
    private sealed record Row(string Endpoint, string[] Expected, string? Path = null, Func<HttpContent>? Body = null, bool NeedsToken = true)
    {
        public HttpRequestMessage ToRequest()
        {
            var (method, template) = (Endpoint.Split(' ')[0], Endpoint.Split(' ')[1]);
            return new HttpRequestMessage(new HttpMethod(method), Path ?? template.Replace("{group}", Group, StringComparison.Ordinal)) { Content = Body?.Invoke() };
        }
    }

    /// <summary>Those who ask, and what they ask about, made anew before each question.</summary>
    private sealed class Cast : IDisposable
    {
        public static readonly string[] Names = ["no token", "bad token", "outsider", "pending", "reader", "publisher", "manager", "owner"];

        /// <summary>Where those with an account begin.</summary>
        public const int Users = 2;

        private readonly TestTracker _tracker;
        private readonly HttpClient _http;
        private readonly List<string?> _tokens = [];
        private readonly List<string> _kept = [];

        private Cast(TestTracker tracker)
        {
            _tracker = tracker;
            _http = TestUser.CreateClient(tracker.Address);
        }

        public static async Task<Cast> CreateAsync(TestTracker tracker)
        {
            var cast = new Cast(tracker);
            using var owner = await TestUser.CreateAsync(tracker, "owner");
            using var member = await TestUser.CreateAsync(tracker, "member");
            using var reader = await TestUser.CreateAsync(tracker, "reader");
            using var manager = await TestUser.CreateAsync(tracker, "manager");
            using var other = await TestUser.CreateAsync(tracker, "other");
            using var pending = await TestUser.CreateAsync(tracker, "pending");
            using var waiting = await TestUser.CreateAsync(tracker, "waiting");
            using var outsider = await TestUser.CreateAsync(tracker, "outsider");
            using var alice = await TestUser.CreateAsync(tracker, "alice");
            GroupId = (await owner.CreateGroupAsync(Group)).GroupId;
            await member.JoinAsync(owner, Group);
            await other.JoinAsync(owner, Group);
            foreach (var (user, role) in new[] { (reader, MemberRole.Reader), (manager, MemberRole.Manager) })
            {
                await owner.Expect(HttpStatusCode.OK, await owner.PutAsync(TrackerRoutes.Member(Group, user.Name), new AddMemberRequest(role)));
            }

            await pending.PostAsync(TrackerRoutes.JoinRequests(Group));
            await waiting.PostAsync(TrackerRoutes.JoinRequests(Group));
            await owner.ShareAsync(Group, "file", Root);
            cast._tokens.AddRange([null, new string('A', 43), outsider.Session.Token, pending.Session.Token, reader.Session.Token, member.Session.Token, manager.Session.Token, owner.Session.Token]);
            string[] tables = ["users", "sessions", "all_groups", "members", "join_requests", "files", "file_sharers"];
            foreach (var table in tables)
            {
                await tracker.ExecuteAsync($"CREATE TABLE kept_{table} AS SELECT * FROM {table}");
                cast._kept.Add(table);
            }

            return cast;
        }

        /// <summary>The database as it was at the beginning.</summary>
        public Task RestoreAsync() => _tracker.ExecuteAsync(
            "DELETE FROM all_groups; DELETE FROM peers; DELETE FROM users;" + string.Concat(_kept.Select(table => $"INSERT INTO {table} SELECT * FROM kept_{table};")));

        /// <returns>The status, and behind it the code of a problem.</returns>
        public async Task<string> AskAsync(int who, Row row)
        {
            using var request = row.ToRequest();
            request.Headers.Authorization = _tokens[who] is { } token ? new AuthenticationHeaderValue("Bearer", token) : null;
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var status = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return answer.IsSuccessStatusCode
                ? status
                : $"{status} {(await answer.Content.ReadFromJsonAsync(TrackerJson.Default.ProblemResponse))!.Code}";
        }

        public void Dispose() => _http.Dispose();
    }
}
