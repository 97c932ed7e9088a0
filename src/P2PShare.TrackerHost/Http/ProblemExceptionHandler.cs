using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Net.Http.Headers;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Http;

/// <summary>Answers an exception with a problem.</summary>
internal sealed class ProblemExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
{
    // A PostgreSQL server that is restarted answers again after a few seconds.
    private static readonly TimeSpan DatabaseRetryAfter = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case P2PShareException e:
                SetHeaders(httpContext, e);
                await Problems.WriteAsync(httpContext, Problems.StatusOf(e.Code), e.Code, e.Message);
                break;
            case BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } e:
                var reason = e.InnerException is JsonException json ? json.Message : "a JSON object was expected.";
                await Problems.WriteAsync(httpContext, e.StatusCode, ErrorCode.InvalidRequest, $"The request's body cannot be read: {reason}");
                break;
            case BadHttpRequestException e:
                httpContext.Response.StatusCode = e.StatusCode;
                await problems.WriteAsync(new ProblemDetailsContext { HttpContext = httpContext });
                break;
            default:
                await Problems.WriteAsync(
                    httpContext,
                    StatusCodes.Status500InternalServerError,
                    ErrorCode.TrackerFailed,
                    $"The tracker failed to answer; its log has the reason, under request {httpContext.TraceIdentifier}. Try again, and tell its operator if it happens again.");
                break;
        }

        return true;
    }

    private static void SetHeaders(HttpContext context, P2PShareException exception)
    {
        if (exception is TooManyAttemptsException { RetryAfter: var wait })
        {
            Problems.SetRetryAfter(context, wait);
        }

        if (exception.Code is ErrorCode.TrackerDatabaseUnavailable or ErrorCode.TrackerDatabaseBusy)
        {
            Problems.SetRetryAfter(context, DatabaseRetryAfter);
        }

        if (exception.Code == ErrorCode.NotLoggedIn)
        {
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
        }
    }
}
