using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using Xunit.Abstractions;

namespace P2PShare.Integration.TrackerHost;

/// <summary>
/// Whatever a client sends, the tracker answers it and lives. Every endpoint that the application has gets generated paths,
/// queries, headers and bodies, with a session and without: near misses of what is right, and plain noise.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int AtOnce = 16;

    [TrackerFact]
    public async Task Nothing_that_a_client_sends_makes_the_tracker_fail()
    {
        await using var tracker = await TestTracker.StartAsync(options =>
        {
            // What is generated is mostly wrong.
            options.LoginFailuresPerAccount = int.MaxValue;
            options.LoginFailuresPerAddress = int.MaxValue;
            options.LoginsPerMinute = options.NewUsersPerMinute = 1_000_000;
            options.RequestsPerMinute = 10_000_000;
        });
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        await alice.ShareAsync("dev", "a/b", new Hash256(new byte[Hash256.Size]));
        using var http = TestUser.CreateClient(tracker.Address);
        var endpoints = tracker.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        var seed = System.Random.Shared.NextInt64();
        output.WriteLine($"Seed {seed}; {endpoints.Count} endpoints, each with a session and without.");
        var answers = new ConcurrentDictionary<HttpStatusCode, int>();

        await Parallel.ForEachAsync(
            endpoints.SelectMany((endpoint, index) => new[] { (endpoint, index, WithSession: true), (endpoint, index, WithSession: false) }),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (row, _) =>
            {
                var generator = Generated.For(row.endpoint);
                // One that ends its session needs another.
                var token = row.WithSession ? await NewTokenAsync(http) : null;
                var sample = Gen.Sample(generator, RequestsOf(row.endpoint), new Rnd(unchecked((ulong)seed + (ulong)row.index)), 20);
                foreach (var generated in sample)
                {
                    using var request = generated.ToRequest(token);
                    using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
                    answers.AddOrUpdate(answer.StatusCode, 1, (_, count) => count + 1);
                    await CheckAsync(generated, answer, seed);
                    if (token is not null && answer.StatusCode == HttpStatusCode.Unauthorized)
                    {
                        token = await NewTokenAsync(http);
                    }
                }
            });

        output.WriteLine($"{answers.Values.Sum()} answers: {string.Join(", ", answers.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} of {(int)pair.Key}"))}.");
        Assert.Equal(endpoints.Sum(endpoint => 2 * RequestsOf(endpoint)), answers.Values.Sum());
        Assert.Equal("ok", await http.GetStringAsync("/readyz"));
        // Where nothing that is sent is ever right, little of the tracker is reached.
        Assert.All(new[] { HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.Conflict, HttpStatusCode.NotFound }, status => Assert.True(answers.ContainsKey(status), $"never {status}"));
    }

    [Fact]
    public async Task Nothing_that_is_hardly_HTTP_makes_the_tracker_fail()
    {
        const int Connections = 300;
        await using var tracker = await TestTracker.StartAsync();
        var seed = System.Random.Shared.NextInt64();
        output.WriteLine($"Seed {seed}; {Connections} connections.");
        var answered = 0;
        var noise = Gen.Sample(Generated.RawRequest, Connections, new Rnd(unchecked((ulong)seed)), 50);

        await Parallel.ForEachAsync(noise, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (text, cancellationToken) =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, tracker.Address.Port, cancellationToken);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null }, cancellationToken);
            await tls.WriteAsync(Encoding.Latin1.GetBytes(text), cancellationToken);
            client.Client.Shutdown(SocketShutdown.Send);
            using var answers = new StreamReader(tls, Encoding.Latin1);
            string answer;
            try
            {
                answer = await answers.ReadToEndAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            }
            catch (IOException)
            {
                return; // Cut off: an answer, too.
            }

            if (answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref answered);
            }

            // 505 is the right answer to HTTP/9.
            Assert.DoesNotContain("HTTP/1.1 500", answer, StringComparison.Ordinal);
        });

        using var http = TestUser.CreateClient(tracker.Address);
        Assert.Equal("ok", await http.GetStringAsync("/readyz"));
        output.WriteLine($"{answered} were answered.");
        Assert.True(answered > 0, "Every connection was cut off.");
    }

    // Bodies have more to vary than paths; on PostgreSQL, where the same code runs before the database, fewer.
    private static int RequestsOf(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0] is "POST" or "PUT" ? 1000 : 250) / (TestDatabase.Kind == DatabaseKind.Sqlite ? 1 : 5);

    private static async Task<string> NewTokenAsync(HttpClient http)
    {
        using var content = new StringContent(JsonSerializer.Serialize(new CreateUserRequest($"u{Guid.NewGuid():N}"[..20], TestPassword.Text), TrackerJson.Default.CreateUserRequest), Encoding.UTF8, "application/json");
        var text = await content.ReadAsStringAsync();
        using var created = await http.PostAsync(TrackerRoutes.Users, content);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        using var login = await http.PostAsync(TrackerRoutes.Sessions, new StringContent(text, Encoding.UTF8, "application/json"));
        var answer = await login.Content.ReadAsStringAsync();
        Assert.True(login.StatusCode == HttpStatusCode.Created, answer);
        return JsonDocument.Parse(answer).RootElement.GetProperty("token").GetString()!;
    }

    private static async Task CheckAsync(Generated generated, HttpResponseMessage answer, long seed)
    {
        var status = (int)answer.StatusCode;
        if (status is >= 200 and < 400)
        {
            return;
        }

        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status < 500, $"Seed {seed}: {generated} was answered with {status}: {text}");
        if (generated.Method == "HEAD")
        {
            return;
        }

        Assert.True(answer.Content.Headers.ContentType?.MediaType == "application/problem+json", $"Seed {seed}: {generated} was answered with {status} that is no problem: {text}");
        var problem = JsonSerializer.Deserialize(text, TrackerJson.Default.ProblemResponse)!;
        Assert.True(problem.Status == status && !string.IsNullOrEmpty(problem.Code) && !string.IsNullOrEmpty(problem.Detail), $"Seed {seed}: {generated} was answered with {text}");
    }

    /// <summary>A request, written down so that a failure can be read.</summary>
    private sealed record Generated(string Method, string Path, IReadOnlyList<(string Name, string Value)> Headers, string? Body, string ContentType)
    {
        private static readonly string Root = new('0', 64);

        // What is nearly right, or was trouble elsewhere.
        private static readonly Gen<string> Text = Gen.OneOf(
            Gen.Elements(
                "alice", "dev", "DEV", "a/b", "", " ", "..", ".", "%2e%2e", "%00", "\0", "\u202Eabc", "😀", "\uD800", "'; DROP TABLE users; --", "%", "_", "*",
                "{}", "null", "0", "-1", "9223372036854775807", "9223372036854775808", "1e400", "NaN", "a\r\nb", new string('x', 300), new string('\u00e9', 5000), Root, "openapi", "v1"),
            ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""));

        private static readonly Gen<string> Scalar = Gen.OneOf(
            Text.Select(Quoted),
            Gen.Elements(
                "null", "true", "0", "-1", "1", "5000", "65536", "100000", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
                "1e400", "1.5", $"\"{Root}\"", "[]", "{}", "\"127.0.0.1\"", "\"::1\"", "\"fe80::1%eth0\""),
            ArbMap.Default.GeneratorFor<long>().Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)));

        private static readonly Gen<string> Announcement =
            from values in Gen.ListOf(Scalar, 3)
            from right in Gen.Choose(0, 3)
            select right > 0 ? $$"""{"group":"dev","piecesRoot":"{{Root}}","complete":{{(right > 1 ? "true" : "false")}}}""" : $$"""{"group":{{values[0]}},"piecesRoot":{{values[1]}},"complete":{{values[2]}}}""";

        // The names of all fields of all requests, so that an object often is what an endpoint reads.
        private static readonly string[] Fields =
        [
            "userName", "password", "currentPassword", "newPassword", "name", "size", "pieceLength", "piecesRoot", "replace", "fingerprint", "port",
            "addresses", "full", "holdings", "removed", "certificateHash", "piecesRoots", "token", "invitation",
        ];

        private static readonly Gen<string> Value = Gen.OneOf(
            Scalar,
            Gen.ListOf(Scalar).Select(items => $"[{string.Join(',', items)}]"),
            Gen.ListOf(Announcement).Select(items => $"[{string.Join(',', items)}]"));

        private static readonly Gen<string> Right = Gen.Elements(
            """{"userName":"bob","password":"long enough"}""",
            """{"userName":"alice","password":"wrong password"}""",
            $$"""{"currentPassword":"{{TestPassword.Text}}","newPassword":"{{TestPassword.Changed}}"}""",
            """{"name":"group"}""",
            """{"userName":"alice"}""",
            $$"""{"name":"a/b","size":100000,"pieceLength":65536,"piecesRoot":"{{Root}}"}""",
            $$"""{"fingerprint":"{{Root}}","port":5000,"addresses":["10.0.0.1"],"full":true,"holdings":[{"group":"dev","piecesRoot":"{{Root}}","complete":true}],"removed":[]}""",
            $$"""{"fingerprint":"{{Root}}","certificateHash":"{{Root}}","piecesRoots":["{{Root}}"]}""");

        private static readonly Gen<string> Changed =
            from right in Right
            from field in Gen.Elements(Fields)
            from value in Value
            select right.Insert(1, $"\"{field}\":{value},");

        private static readonly Gen<string> Replaced =
            from right in Right
            from value in Value
            from at in Gen.Choose(0, 7)
            select ReplaceValue(right, at, value);

        private static readonly Gen<string> Cut =
            from right in Right
            from at in Gen.Choose(0, 200)
            from noise in Text
            select right.Insert(at % right.Length, noise);

        private static readonly Gen<string> Object = Gen.SubListOf(Fields).SelectMany(fields =>
            Gen.ListOf(Value, fields.Count).Select(values => $"{{{string.Join(',', fields.Zip(values, (field, value) => $"\"{field}\":{value}"))}}}"));

        private static readonly Gen<string?> Bodies = Gen.OneOf(
            Right.Select(body => (string?)body),
            Changed.Select(body => (string?)body),
            Replaced.Select(body => (string?)body),
            Replaced.Select(body => (string?)body),
            Cut.Select(body => (string?)body),
            Object.Select(body => (string?)body),
            Text.Select(body => (string?)body),
            Gen.Constant((string?)null),
            Gen.Constant((string?)(new string('[', 100) + new string(']', 100))));

        private static readonly Gen<(string, string)[]> HeaderLists = Gen.ArrayOf(
            from name in Gen.Elements(
                "Authorization", "Last-Event-ID", "X-Forwarded-For", "Accept", "Accept-Encoding", "If-None-Match", "Range", "Cookie", "Origin", "Expect-Nothing",
                "X-HTTP-Method-Override", "Content-Encoding", "Traceparent")
            from value in Gen.OneOf(Text, Gen.Elements("Bearer", "Bearer ", "Bearer x y", "Basic YWxpY2U6", "bytes=0-", "127.0.0.1", "gzip", "*/*", "00-x-y-z"))
            select (name, value));

        public static Gen<string> RawRequest { get; } =
            from method in Gen.Elements("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "G\0T", "", new string('M', 100))
            from path in Gen.OneOf(Gen.Elements("/", "*", "/v2/groups", "/v2/sessions", "/v2/events?group=a", "http://other/v1/groups", "//", "/%zz", "/\u00ff", "/v1/groups/%00"), Text)
            from version in Gen.Elements("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "HTTP/1.1 x")
            from headers in Gen.ArrayOf(Gen.OneOf(
                Gen.Elements(
                    "Host: localhost", "Host:", "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 1048577",
                    "Transfer-Encoding: chunked", "Transfer-Encoding: identity, chunked", "Content-Type: application/json", "Connection: Upgrade", "Upgrade: h2c",
                    " folded", "Expect: 100-continue", ": x", "A:\0", "Connection: close"),
                Text))
            from body in Text
            select $"{method} {path} {version}\r\n{string.Join("\r\n", headers)}\r\n\r\n{body}";

        public static Gen<Generated> For(RouteEndpoint endpoint) =>
            from method in Gen.Frequency(
                (30, Gen.Constant(endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0])),
                (1, Gen.Elements("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")))
            from values in Gen.ListOf(Gen.Frequency((2, Gen.Elements("dev", "alice", "a/b", Root)), (3, Text)), endpoint.RoutePattern.Parameters.Count)
            from query in Gen.Frequency((3, Gen.Constant("")), (1, Text.Select(text => $"?group={Uri.EscapeDataString(Sendable(text))}")), (1, Text.Select(text => "?" + Uri.EscapeDataString(Sendable(text)))))
            from headers in Gen.Frequency((2, Gen.Constant(Array.Empty<(string, string)>())), (1, HeaderLists))
            from body in method is "GET" or "HEAD" ? Gen.Constant((string?)null) : Bodies
            from type in Gen.Frequency((9, Gen.Constant("application/json")), (1, Gen.Elements("text/plain", "application/json; charset=utf-16", "application/octet-stream", "multipart/form-data; boundary=x")))
            select new Generated(method, PathOf(endpoint.RoutePattern, new Queue<string>(values)) + query, headers, body, type);

        public override string ToString() =>
            $"{Method} {Path} [{string.Join("; ", Headers.Select(header => $"{header.Name}: {header.Value}"))}] {ContentType}: {Body}";

        public HttpRequestMessage ToRequest(string? token)
        {
            var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(Path, UriKind.Relative));
            if (token is not null)
            {
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            }

            foreach (var (name, value) in Headers)
            {
                if (!(name == "Authorization" && token is not null))
                {
                    // Those that the client itself would refuse to send are sent on a bare connection by the other test.
                    request.Headers.TryAddWithoutValidation(name, HeaderText(value));
                }
            }

            if (Body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }

            return request;
        }

        private static string PathOf(RoutePattern pattern, Queue<string> values) => "/" + string.Join('/', pattern.PathSegments.Select(segment =>
            string.Concat(segment.Parts.Select(part => part is RoutePatternLiteralPart literal ? literal.Content : Uri.EscapeDataString(Sendable(values.Dequeue()))))));

        // Half of a surrogate pair has no UTF-8. A line of more than 8 KiB, or %00 in a path, the server refuses before the application sees it.
        private static string Sendable(string text) =>
            Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Length > 300 ? text[..300] : text)).Replace("\0", "", StringComparison.Ordinal);

        private static string HeaderText(string value) => string.Concat(value.Where(c => c is >= ' ' and < '\u007f').Take(1000));

        private static string Quoted(string text) => $"\"{string.Concat(text.Select(c => c is '"' or '\\' || c < ' ' || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()))}\"";

        private static string ReplaceValue(string json, int at, string value)
        {
            using var document = JsonDocument.Parse(json);
            var fields = document.RootElement.EnumerateObject().ToList();
            return $"{{{string.Join(',', fields.Select((field, index) => $"\"{field.Name}\":{(index == at % fields.Count ? value : field.Value.GetRawText())}"))}}}";
        }
    }
}
