using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>Everything that goes wrong is answered as RFC 9457 has it, with a stable <c>code</c>.</summary>
internal static class Problems
{
    // A PostgreSQL server that is started anew answers again after a few.
    private const string SecondsUntilBack = "5";

    public const string ContentType = "application/problem+json";

    public static void AddProblems(this IServiceCollection services) =>
        // A body that cannot be read says why, instead of an empty 400.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = AnswerExceptionAsync,
            AllowStatusCode404Response = true,
            // What a client did wrong is no fault of the tracker's, and not its log's business.
            SuppressDiagnosticsCallback = context => context.Exception is P2PShareException or BadHttpRequestException,
        });
        app.UseStatusCodePages(context => AnswerStatusAsync(context.HttpContext));
    }

    public static Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        context.Response.StatusCode = status;
        var problem = new ProblemResponse("about:blank", ReasonPhrases.GetReasonPhrase(status), status, detail, code);
        return context.Response.WriteAsJsonAsync(problem, TrackerJson.Default.ProblemResponse, ContentType, context.RequestAborted);
    }

    /// <summary>Says when to ask again, in whole seconds (RFC 9110, section 10.2.3).</summary>
    public static void RetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>The HTTP status that goes with a code.</summary>
    public static int StatusOf(string code) => code switch
    {
        ErrorCode.InvalidUserName or ErrorCode.InvalidGroupName or ErrorCode.InvalidFileName or ErrorCode.InvalidPassword
            or ErrorCode.InvalidContent or ErrorCode.InvalidRequest => StatusCodes.Status400BadRequest,
        ErrorCode.WrongCredentials or ErrorCode.NotLoggedIn => StatusCodes.Status401Unauthorized,
        ErrorCode.NotMember or ErrorCode.NotOwner or ErrorCode.NotSharer or ErrorCode.InvalidInvitation
            or ErrorCode.RegistrationClosed or ErrorCode.QuotaExceeded => StatusCodes.Status403Forbidden,
        ErrorCode.GroupNotFound or ErrorCode.MemberNotFound or ErrorCode.JoinRequestNotFound or ErrorCode.FileNotFound => StatusCodes.Status404NotFound,
        ErrorCode.UserNameTaken or ErrorCode.GroupNameTaken or ErrorCode.AlreadyMember or ErrorCode.OwnerCannotLeave
            or ErrorCode.UserOwnsGroups or ErrorCode.FileNameTaken => StatusCodes.Status409Conflict,
        ErrorCode.TooManyAttempts => StatusCodes.Status429TooManyRequests,
        ErrorCode.TrackerDatabaseUnavailable => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.TrackerStorageFull => StatusCodes.Status507InsufficientStorage,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static Task AnswerExceptionAsync(HttpContext context)
    {
        switch (context.Features.Get<IExceptionHandlerFeature>()?.Error)
        {
            case P2PShareException e:
                if (e is TooManyAttemptsException { RetryAfter.TotalSeconds: var seconds })
                {
                    RetryAfter(context, TimeSpan.FromSeconds(seconds));
                }

                if (e.Code == ErrorCode.NotLoggedIn)
                {
                    context.Response.Headers.WWWAuthenticate = SessionAuthenticationHandler.SchemeName;
                }

                if (e.Code == ErrorCode.TrackerDatabaseUnavailable)
                {
                    context.Response.Headers.RetryAfter = SecondsUntilBack;
                }

                return WriteAsync(context, StatusOf(e.Code), e.Code, e.Message);
            case BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } e:
                var reason = e.InnerException is JsonException json ? json.Message : "a JSON object was expected.";
                return WriteAsync(context, e.StatusCode, ErrorCode.InvalidRequest, $"The request's body cannot be read: {reason}");
            case BadHttpRequestException e:
                context.Response.StatusCode = e.StatusCode;
                return AnswerStatusAsync(context);
            default:
                return WriteAsync(
                    context,
                    StatusCodes.Status500InternalServerError,
                    ErrorCode.TrackerFailed,
                    $"The tracker failed to answer; its log says why, under request {context.TraceIdentifier}. Try again, and tell its operator when it stays so.");
        }
    }

    private static Task AnswerStatusAsync(HttpContext context)
    {
        var status = context.Response.StatusCode;
        return WriteAsync(context, status, status < 500 ? ErrorCode.InvalidRequest : ErrorCode.TrackerFailed, status switch
        {
            StatusCodes.Status404NotFound => "This tracker has nothing under that path: the client may be of another version.",
            StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not possible here; the Allow header says what is.",
            StatusCodes.Status413PayloadTooLarge => $"The request's body is too long: {context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize} bytes are allowed.",
            StatusCodes.Status415UnsupportedMediaType => "A body of Content-Type application/json was expected.",
            _ => $"The tracker answered {status} ({ReasonPhrases.GetReasonPhrase(status)}).",
        });
    }
}
