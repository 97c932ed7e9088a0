using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>A tracker without a socket: answers the requests of a <see cref="TrackerConnection"/> as a test says.</summary>
internal sealed class InMemoryTracker(string host) : HttpMessageHandler
{
    public delegate Task<HttpResponseMessage> Response(HttpRequestMessage request, CancellationToken cancellationToken);

    public TrackerAddress Address { get; } = new(host, 8001);

    /// <summary>At first an empty list.</summary>
    public Response Answer { get; set; } = EmptyList;

    /// <summary>The requests, as <c>METHOD /path</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public static TrackerSession NewSession(TimeProvider clock, params InMemoryTracker[] trackers)
    {
        var known = new KnownTrackers(Path.GetRandomFileName());
        return new TrackerSession(
            [.. trackers.Select(tracker => new TrackerConnection(
                tracker.Address, known, trustOnFirstUse: false, clock, TrackerTimeouts.Default, tracker))],
            clock,
            TrackerTimeouts.Default,
            logger: null);
    }

    public static Task<HttpResponseMessage> EmptyList(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage { Content = new StringContent("[]", Encoding.UTF8, "application/json") });

    public static Response Json<T>(T body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, DateTimeOffset? date = null) => (_, _) =>
    {
        var response = new HttpResponseMessage { Content = JsonContent.Create(body, type) };
        response.Headers.Date = date;
        return Task.FromResult(response);
    };

    /// <summary>The response of a proxy, which is not a tracker's problem document.</summary>
    public static Response Status(int status) => (_, _) => Task.FromResult(new HttpResponseMessage((HttpStatusCode)status));

    /// <param name="retryAfter">Seconds.</param>
    public static Response Problem(int status, string code, string detail, int? retryAfter = null) => (_, _) =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = JsonContent.Create(
                new ProblemResponse(Status: status, Detail: detail, Code: code), TrackerJson.Default.ProblemResponse, new("application/problem+json")),
        };
        if (retryAfter is { } seconds)
        {
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        }

        return Task.FromResult(response);
    };

    public static Response Unavailable(int? retryAfter = null) =>
        Problem(503, ErrorCode.TrackerDatabaseUnavailable, "The database is unavailable.", retryAfter);

    /// <summary>No connection: the request was not sent.</summary>
    public static Task<HttpResponseMessage> Refuse(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused.");

    /// <summary>The connection is lost before the response: the request may have been carried out.</summary>
    public static Task<HttpResponseMessage> Lose(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new HttpRequestException(HttpRequestError.ResponseEnded, "The response ended.");

    public static async Task<HttpResponseMessage> Silence(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new UnreachableException();
    }

    /// <summary>Each response once, the last one for ever.</summary>
    public void AnswerInTurn(params Response[] answers)
    {
        var next = 0;
        Answer = (request, cancellationToken) => answers[Math.Min(next++, answers.Length - 1)](request, cancellationToken);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Enqueue($"{request.Method} {request.RequestUri!.AbsolutePath}");
        return Answer(request, cancellationToken);
    }
}
