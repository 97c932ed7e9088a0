using System.Buffers;
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Every request has an id: that of its <c>X-Request-Id</c>, else one of its own. It is in the response, in every problem and in every
/// line of the log. A <c>traceparent</c> (W3C Trace Context) is continued, and answered with the tracker's own span.
/// </summary>
/// <param name="services">For the framework's own factory of contexts.</param>
internal sealed class RequestIds(IServiceProvider services) : IHttpContextFactory
{
    public const string Header = "X-Request-Id";

    /// <summary>A longer id, or one with other characters, is not taken over: it goes into the log.</summary>
    public const int MaxLength = 128;

    private const string TraceParent = "traceparent";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    private readonly DefaultHttpContextFactory _contexts = new(services);

    /// <summary>Sets the id before the framework opens the log's scope of the request.</summary>
    public HttpContext Create(IFeatureCollection featureCollection)
    {
        var context = _contexts.Create(featureCollection);
        if (context.Request.Headers[Header] is [{ Length: > 0 and <= MaxLength } id] && !id.AsSpan().ContainsAnyExcept(Allowed))
        {
            context.TraceIdentifier = id;
        }

        return context;
    }

    public void Dispose(HttpContext httpContext) => _contexts.Dispose(httpContext);

    /// <summary>Writes the ids into the response's headers.</summary>
    public static void Answer(HttpContext context)
    {
        context.Response.Headers[Header] = context.TraceIdentifier;
        if (context.Request.Headers.ContainsKey(TraceParent) && Activity.Current?.Id is { } span)
        {
            context.Response.Headers[TraceParent] = span;
        }
    }
}
