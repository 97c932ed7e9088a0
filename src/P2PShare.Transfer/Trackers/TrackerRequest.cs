using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>The request of one call, which may be sent several times, to one tracker after the other.</summary>
/// <param name="makeContent">Makes the body, once for each attempt.</param>
internal sealed class TrackerRequest(HttpMethod method, string path, Func<HttpContent>? makeContent = null)
{
    public HttpCompletionOption Completion { get; init; } = HttpCompletionOption.ResponseContentRead;

    public string? LastEventId { get; init; }

    /// <summary>Whether all trackers are asked again after a delay if none answers. Not for a request that ends something, such as a logout.</summary>
    public bool RetryAcrossTrackers { get; init; } = true;

    /// <summary>Whether the user need not find out if it was carried out: a read, or a write that is repeated later anyway.</summary>
    public bool IsRepeatable { get; init; } = method == HttpMethod.Get;

    /// <summary>
    /// Error codes that count as success if <see cref="OutcomeUnknown"/>: what was to be deleted is gone, by an earlier attempt.
    /// </summary>
    public IReadOnlyList<string> TreatAsSuccess { get; init; } = [];

    /// <summary>Whether an earlier attempt may have been carried out although its response was lost.</summary>
    public bool OutcomeUnknown { get; set; }

    public static TrackerRequest Get(string path) => new(HttpMethod.Get, path);

    public static TrackerRequest Post(string path) => new(HttpMethod.Post, path);

    public static TrackerRequest Post<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Post, path, () => JsonContent.Create(body, type));

    /// <summary>A POST that only reads, or that is repeated later anyway.</summary>
    public static TrackerRequest Query<T>(string path, T body, JsonTypeInfo<T> type) =>
        new(HttpMethod.Post, path, () => JsonContent.Create(body, type)) { IsRepeatable = true };

    public static TrackerRequest Put<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Put, path, () => JsonContent.Create(body, type));

    /// <param name="treatAsSuccess">See <see cref="TreatAsSuccess"/>.</param>
    public static TrackerRequest Delete(string path, params string[] treatAsSuccess) => new(HttpMethod.Delete, path) { TreatAsSuccess = treatAsSuccess };

    /// <summary>Whether this error shows that an earlier attempt succeeded.</summary>
    public bool IsSuccess(P2PShareException e) => OutcomeUnknown && TreatAsSuccess.Contains(e.Code);

    public HttpRequestMessage ToMessage(SessionResponse? session)
    {
        var message = new HttpRequestMessage(method, path)
        {
            Content = makeContent?.Invoke(),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        if (LastEventId is not null)
        {
            message.Headers.Add("Last-Event-ID", LastEventId);
        }

        if (session?.Token is { } token)
        {
            message.Headers.Authorization = new("Bearer", token);
        }

        return message;
    }
}
