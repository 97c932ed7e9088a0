using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>One request of a call, which may be sent to several trackers one after the other.</summary>
/// <param name="makeContent">Makes the body, anew for each attempt.</param>
internal sealed class TrackerRequest(HttpMethod method, string path, Func<HttpContent>? makeContent = null)
{
    public HttpCompletionOption Completion { get; init; } = HttpCompletionOption.ResponseContentRead;

    public string? LastEventId { get; init; }

    /// <summary>
    /// Whether, where no tracker answers, it is worth asking all of them again after a pause: not where somebody takes leave.
    /// </summary>
    public bool IsPatient { get; init; } = true;

    /// <summary>Whether it changes nothing that a person would want to look after: reads, and what is said again anyway.</summary>
    public bool IsRoutine { get; init; } = method == HttpMethod.Get;

    /// <summary>
    /// Answers to a repeated request that say that an earlier attempt, whose answer was lost, has done it: what was to be
    /// deleted is gone.
    /// </summary>
    public IReadOnlyList<string> DoneWhen { get; init; } = [];

    /// <summary>Whether a tracker may have carried it out whose answer was lost.</summary>
    public bool MayHaveBeenDone { get; set; }

    /// <summary>The time by the clock of the tracker that answered (<c>Date</c>).</summary>
    public DateTimeOffset? AnsweredAt { get; set; }

    public static TrackerRequest Get(string path) => new(HttpMethod.Get, path);

    public static TrackerRequest Post(string path) => new(HttpMethod.Post, path);

    public static TrackerRequest Post<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Post, path, () => JsonContent.Create(body, type));

    /// <summary>A POST that changes nothing that is not said again anyway.</summary>
    public static TrackerRequest Query<T>(string path, T body, JsonTypeInfo<T> type) =>
        new(HttpMethod.Post, path, () => JsonContent.Create(body, type)) { IsRoutine = true };

    public static TrackerRequest Put<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Put, path, () => JsonContent.Create(body, type));

    /// <param name="doneWhen">See <see cref="DoneWhen"/>.</param>
    public static TrackerRequest Delete(string path, params string[] doneWhen) => new(HttpMethod.Delete, path) { DoneWhen = doneWhen };

    /// <summary>Whether this error, as the answer to a repeated request, says that it was done before.</summary>
    public bool IsDoneBefore(P2PShareException e) => MayHaveBeenDone && DoneWhen.Contains(e.Code);

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
