using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>A user of a tracker over bare HTTP: pins the fingerprint, sends the token.</summary>
internal sealed class TestUser : IDisposable
{
    private static readonly ConcurrentDictionary<Hash256, byte[]> Keys = new();

    private readonly HttpClient _http;

    private TestUser(TrackerAddress tracker, string name, IPAddress? from = null)
    {
        Name = name;
        Fingerprint = NewFingerprint();
        _http = CreateClient(tracker, from);
    }

    public string Name { get; }

    /// <summary>Of this user's peer.</summary>
    public Hash256 Fingerprint { get; }

    public SessionResponse Session { get; private set; } = null!;

    /// <summary>An HTTP client that talks to the tracker with this fingerprint and to no other.</summary>
    /// <param name="from">The loopback address to come from, such as 127.0.0.2; null: as the system chooses.</param>
    public static HttpClient CreateClient(TrackerAddress tracker, IPAddress? from = null) => new(new SocketsHttpHandler
    {
        ConnectCallback = from is null ? null : async (context, cancellationToken) =>
        {
            var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == tracker.Fingerprint,
        },
    })
    {
        BaseAddress = new Uri($"https://{tracker.Authority}"),
        DefaultRequestVersion = HttpVersion.Version20,
    };

    /// <summary>The fingerprint of a new key, with which <see cref="AnnounceAsync(AnnounceRequest)"/> proves it.</summary>
    public static Hash256 NewFingerprint()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var fingerprint = Hash256.Compute(key.ExportSubjectPublicKeyInfo());
        Keys[fingerprint] = key.ExportPkcs8PrivateKey();
        return fingerprint;
    }

    public static Hash256 RandomHash() => new(RandomNumberGenerator.GetBytes(Hash256.Size));

    /// <summary>A client without an account.</summary>
    public static TestUser Stranger(TestTracker tracker) => Stranger(tracker.Address);

    /// <inheritdoc cref="Stranger(TestTracker)"/>
    /// <param name="from">The loopback address to come from; null: as the system chooses.</param>
    public static TestUser Stranger(TrackerAddress tracker, IPAddress? from = null) => new(tracker, "stranger", from);

    /// <summary>A new account, logged in.</summary>
    public static Task<TestUser> CreateAsync(TestTracker tracker, string name) => CreateAsync(tracker.Address, name);

    /// <inheritdoc cref="CreateAsync(TestTracker, string)"/>
    public static async Task<TestUser> CreateAsync(TrackerAddress tracker, string name)
    {
        var user = new TestUser(tracker, name);
        await user.Expect(HttpStatusCode.Created, await user.PostAsync(TrackerRoutes.Users, new CreateUserRequest(name, TestPassword.Text)));
        await user.LogInAsync();
        return user;
    }

    /// <summary>An account that exists, logged in.</summary>
    public static async Task<TestUser> LogInAsync(TestTracker tracker, string name)
    {
        var user = new TestUser(tracker.Address, name);
        await user.LogInAsync();
        return user;
    }

    public async Task LogInAsync()
    {
        var answer = await PostAsync(TrackerRoutes.Sessions, new LoginRequest(Name, TestPassword.Text));
        Session = await Expect<SessionResponse>(HttpStatusCode.Created, answer);
        UseToken(Session.Token);
    }

    public void UseToken(string? token) =>
        _http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path);

    public Task<HttpResponseMessage> DeleteAsync(string path) => _http.DeleteAsync(path);

    public Task<HttpResponseMessage> PostAsync(string path) => _http.PostAsync(path, content: null);

    public Task<HttpResponseMessage> PostAsync<T>(string path, T body) => _http.PostAsJsonAsync(path, body, InfoOf<T>());

    public Task<HttpResponseMessage> PutAsync<T>(string path, T body) => _http.PutAsJsonAsync(path, body, InfoOf<T>());

    public Task<HttpResponseMessage> PostTextAsync(string path, string body, string mediaType = "application/json") =>
        _http.PostAsync(path, new StringContent(body, Encoding.UTF8, mediaType));

    public Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead) => _http.SendAsync(request, completion);

    public async Task<T> Expect<T>(HttpStatusCode status, HttpResponseMessage answer)
    {
        await Expect(status, answer);
        return (await answer.Content.ReadFromJsonAsync(InfoOf<T>()))!;
    }

    public async Task Expect(HttpStatusCode status, HttpResponseMessage answer)
    {
        if (answer.StatusCode != status)
        {
            Assert.Fail($"{Name}: {answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.PathAndQuery} gave {(int)answer.StatusCode} instead of {(int)status}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Checks that the response is a problem document (RFC 9457) with this code.</summary>
    public async Task<ProblemResponse> ExpectProblem(HttpStatusCode status, string code, HttpResponseMessage answer)
    {
        await Expect(status, answer);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = (await answer.Content.ReadFromJsonAsync(TrackerJson.Default.ProblemResponse))!;
        Assert.Equal(code, problem.Code);
        Assert.Equal((int)status, problem.Status);
        Assert.False(string.IsNullOrWhiteSpace(problem.Title));
        Assert.EndsWith(".", problem.Detail, StringComparison.Ordinal);
        return problem;
    }

    // The steps with which most tests begin.

    public async Task<GroupResponse> CreateGroupAsync(string name) =>
        await Expect<GroupResponse>(HttpStatusCode.Created, await PostAsync(TrackerRoutes.Groups, new CreateGroupRequest(name)));

    /// <summary>Asks to join, and the owner approves.</summary>
    public async Task JoinAsync(TestUser owner, string group)
    {
        await Expect(HttpStatusCode.Created, await PostAsync(TrackerRoutes.JoinRequests(group)));
        await owner.Expect(HttpStatusCode.NoContent, await owner.PostAsync(TrackerRoutes.Approval(group, Name)));
    }

    public Task<HttpResponseMessage> ShareAsync(string group, string name, Hash256? root, bool replace = false, long size = 100_000) =>
        PostAsync(TrackerRoutes.Files(group), new ShareFileRequest(name, size, PieceLength.For(size), root, replace));

    public Task<IReadOnlyList<FileResponse>> ListFilesAsync(string group) => ListAsync<FileResponse>(ListQuery.All.On(TrackerRoutes.Files(group)));

    /// <summary>The first page of a list.</summary>
    public Task<HttpResponseMessage> GetPageAsync(string path) => GetAsync(ListQuery.All.On(path));

    /// <summary>All pages of a list.</summary>
    /// <param name="page">Path and query of the first.</param>
    public async Task<IReadOnlyList<T>> ListAsync<T>(string page)
    {
        var all = new List<T>();
        for (var next = page; next is not null;)
        {
            using var answer = await GetAsync(next);
            all.AddRange(await Expect<IReadOnlyList<T>>(HttpStatusCode.OK, answer));
            next = NextOf(answer);
        }

        return all;
    }

    /// <summary>Where the response says that the next page is; null after the last one.</summary>
    public static string? NextOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Link", out var links) ? Regex.Match(links.Single(), """^<([^>]+)>; rel="next"$""").Groups[1].Value : null;

    /// <summary>The id of a group; a random one if there is no such group.</summary>
    public async Task<Guid> GroupIdAsync(string group)
    {
        var answer = await GetAsync(TrackerRoutes.Group(group));
        return answer.StatusCode == HttpStatusCode.NotFound ? Guid.NewGuid() : (await Expect<GroupResponse>(HttpStatusCode.OK, answer)).GroupId;
    }

    /// <summary>What a peer holds in a group of this name.</summary>
    public async Task<Announcement> HoldingAsync(string group, Hash256 root, bool complete) => new(await GroupIdAsync(group), root, complete);

    /// <inheritdoc cref="AnnounceAsync(Announcement[])"/>
    public Task<AnnounceResponse> AnnounceAsync() => AnnounceAsync(Array.Empty<Announcement>());

    /// <summary>Announces all that the peer holds.</summary>
    public Task<AnnounceResponse> AnnounceAsync(params Announcement[] holdings) =>
        AnnounceAsync(new AnnounceRequest(Fingerprint, Port: 5000, Addresses: [], Full: true, holdings, Removed: [], RevocationsAfter: 0));

    /// <inheritdoc cref="AnnounceAsync(Announcement[])"/>
    public async Task<AnnounceResponse> AnnounceAsync(params (string Group, Hash256 Root, bool Complete)[] holdings)
    {
        var announcements = new List<Announcement>();
        foreach (var (group, root, complete) in holdings)
        {
            announcements.Add(await HoldingAsync(group, root, complete));
        }

        return await AnnounceAsync([.. announcements]);
    }

    public async Task<AnnounceResponse> AnnounceAsync(AnnounceRequest request) =>
        await Expect<AnnounceResponse>(HttpStatusCode.OK, await PostAsync(TrackerRoutes.Peers, Prove(request)));

    /// <summary>The request with the proof that a full one needs, if its fingerprint is one of <see cref="NewFingerprint"/>.</summary>
    public AnnounceRequest Prove(AnnounceRequest request)
    {
        if (!request.Full || request.Proof is not null || !Keys.TryGetValue(request.Fingerprint, out var bytes))
        {
            return request;
        }

        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(bytes, out _);
        return request with { Proof = FingerprintProof.Make(key, Session.TrackerId, Session.SessionId) };
    }

    public async Task<HttpResponseMessage> AskSourcesAsync(string group, params Hash256[] roots) =>
        await PostAsync(TrackerRoutes.Sources(group), new SourcesRequest(await GroupIdAsync(group), Fingerprint, Hash256.Compute(Fingerprint.ToArray()), roots));

    public async Task<SourcesResponse> FindSourcesAsync(string group, params Hash256[] roots) =>
        await Expect<SourcesResponse>(HttpStatusCode.OK, await AskSourcesAsync(group, roots));

    public void Dispose() => _http.Dispose();

    private static JsonTypeInfo<T> InfoOf<T>() => (JsonTypeInfo<T>)TrackerJson.Default.GetTypeInfo(typeof(T))!;
}
