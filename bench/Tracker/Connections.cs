using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Bench.Measuring;
using P2PShare.Protocol;

namespace P2PShare.Bench.Tracker;

/// <summary>HTTP/2 over TLS to one server, on N connections in turn, as N clients would.</summary>
internal sealed class Connections : IDisposable
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    // Of the lists that are asked for again.
    private const int MaxChanges = 2000;

    private readonly HttpClient[] _clients;
    private readonly ConcurrentDictionary<string, EntityTagHeaderValue> _tags = new();
    private int _changes;

    /// <param name="fingerprint">Of the server's certificate; null: any is accepted.</param>
    /// <param name="source">The local address of each connection, by its number; null: the system chooses.</param>
    public Connections(string authority, Hash256? fingerprint, int count, Func<int, IPAddress>? source = null) => _clients = [.. Enumerable.Range(0, count).Select(i => new HttpClient(
        new SocketsHttpHandler
        {
            UseCookies = false,
            ConnectCallback = source is null ? null : (context, cancellationToken) => ConnectAsync(source(i), context.DnsEndPoint, cancellationToken),
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    fingerprint is null || (certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == fingerprint),
            },
        })
    {
        BaseAddress = new Uri($"https://{authority}"),
    })];

    /// <summary>Sends a request and reads the answer to its end.</summary>
    /// <param name="number">Of the request: which connection is its turn.</param>
    /// <param name="token">Of a session; null: none.</param>
    /// <param name="json">Null: no body.</param>
    /// <exception cref="BenchException">The answer was not a success.</exception>
    public async Task<byte[]> SendAsync(int number, HttpMethod method, string path, string? token, byte[]? json)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (json is not null)
        {
            request.Content = new ByteArrayContent(json);
            request.Content.Headers.ContentType = JsonType;
        }

        using var response = await _clients[number % _clients.Length].SendAsync(request);
        var body = await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotModified ? body : throw new BenchException(
            $"{method} {path} was answered with {(int)response.StatusCode}: {System.Text.Encoding.UTF8.GetString(body)}");
    }

    /// <summary>Sends a request for what the connection has had before, and expects 304 if it has.</summary>
    /// <exception cref="BenchException">The answer was neither 304 nor the list with its tag.</exception>
    public async Task AskUnchangedAsync(int number, string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (_tags.TryGetValue(path, out var tag))
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        using var response = await _clients[number % _clients.Length].SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        if (response.StatusCode == HttpStatusCode.NotModified && tag is not null)
        {
            return;
        }

        // A list changes when a peer comes or goes meanwhile, but seldom; several requests may have the tag from before.
        _tags[path] = response is { IsSuccessStatusCode: true, Headers.ETag: { } made } && Interlocked.Increment(ref _changes) < MaxChanges
            ? made
            : throw new BenchException($"GET {path} was answered with {(int)response.StatusCode} instead of 304.");
    }

    /// <summary>Sends a request for a stream.</summary>
    /// <param name="lastEventId">Of the event after which it begins; null: now.</param>
    /// <returns>The response, of which the headers were read.</returns>
    /// <exception cref="BenchException">The answer was not a success.</exception>
    public async Task<HttpResponseMessage> OpenAsync(int number, string path, string token, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await _clients[number % _clients.Length].SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw new BenchException($"GET {path} was answered with {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    private static async ValueTask<Stream> ConnectAsync(IPAddress source, DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(server, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
