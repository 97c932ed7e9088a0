using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>Writes every problem as JSON, whatever the client accepts; one without a code gets that of its status.</summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var status = http.Response.StatusCode;
        // An exception has cleared the headers.
        RequestIds.Answer(http);
        var problem = context.ProblemDetails.Extensions.TryGetValue(Problems.Code, out var code)
            ? new ProblemResponse("about:blank", ReasonPhrases.GetReasonPhrase(status), status, context.ProblemDetails.Detail, (string?)code, http.TraceIdentifier)
            : new ProblemResponse("about:blank", ReasonPhrases.GetReasonPhrase(status), status, DetailOf(http), status < 500 ? ErrorCode.InvalidRequest : ErrorCode.TrackerFailed, http.TraceIdentifier);
        return new ValueTask(http.Response.WriteAsJsonAsync(problem, TrackerJson.Default.ProblemResponse, Problems.ContentType, http.RequestAborted));
    }

    private static string DetailOf(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "This tracker has nothing under that path: the client may be of another version.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not possible here; the Allow header lists the methods that are.",
        StatusCodes.Status408RequestTimeout => "The request's body came too slowly: send it faster, or in smaller parts.",
        StatusCodes.Status413PayloadTooLarge => $"The request's body is too long: {context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize} bytes are allowed.",
        StatusCodes.Status415UnsupportedMediaType => "A body of Content-Type application/json was expected.",
        var status => $"The tracker answered {status} ({ReasonPhrases.GetReasonPhrase(status)}).",
    };
}
