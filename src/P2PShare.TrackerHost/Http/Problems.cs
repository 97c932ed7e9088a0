using System.Globalization;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Http;

/// <summary>Everything that goes wrong is answered as RFC 9457 says, with a stable <c>code</c>.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    /// <summary>The extension member of a problem with its code.</summary>
    public const string Code = "code";

    public static void AddProblems(this IServiceCollection services)
    {
        // Before the framework's own writer, which writes nothing for a client that accepts no JSON.
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemExceptionHandler>();
        // A body that cannot be read gets a reason instead of an empty 400.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
    }

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // A client's mistake is not a fault of the tracker's, and does not belong in its log.
            SuppressDiagnosticsCallback = context => context.Exception is P2PShareException or BadHttpRequestException,
        });
        app.UseStatusCodePages();
    }

    public static Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        context.Response.StatusCode = status;
        var problem = new ProblemDetailsContext { HttpContext = context };
        (problem.ProblemDetails.Status, problem.ProblemDetails.Detail, problem.ProblemDetails.Extensions[Code]) = (status, detail, code);
        return context.RequestServices.GetRequiredService<IProblemDetailsService>().WriteAsync(problem).AsTask();
    }

    /// <summary>Sets when to call again, in whole seconds (RFC 9110, section 10.2.3).</summary>
    public static void SetRetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>The HTTP status of an error code.</summary>
    public static int StatusOf(string code) => code switch
    {
        ErrorCode.InvalidUserName or ErrorCode.InvalidGroupName or ErrorCode.InvalidFileName or ErrorCode.InvalidPassword
            or ErrorCode.InvalidContent or ErrorCode.InvalidRequest or ErrorCode.PageSizeMissing => StatusCodes.Status400BadRequest,
        ErrorCode.WrongCredentials or ErrorCode.NotLoggedIn => StatusCodes.Status401Unauthorized,
        ErrorCode.NotMember or ErrorCode.NotOwner or ErrorCode.RoleTooLow or ErrorCode.NotSharer or ErrorCode.InvalidInvitation
            or ErrorCode.RegistrationClosed or ErrorCode.QuotaExceeded => StatusCodes.Status403Forbidden,
        ErrorCode.GroupNotFound or ErrorCode.UserNotFound or ErrorCode.MemberNotFound or ErrorCode.JoinRequestNotFound or ErrorCode.FileNotFound
            or ErrorCode.PeerNotFound => StatusCodes.Status404NotFound,
        ErrorCode.UserNameTaken or ErrorCode.GroupNameTaken or ErrorCode.AlreadyMember or ErrorCode.OwnerCannotLeave
            or ErrorCode.UserOwnsGroups or ErrorCode.FileNameTaken => StatusCodes.Status409Conflict,
        ErrorCode.VersionNotSupported => StatusCodes.Status410Gone,
        ErrorCode.TooManyAttempts => StatusCodes.Status429TooManyRequests,
        ErrorCode.TrackerDatabaseUnavailable or ErrorCode.TrackerDatabaseBusy => StatusCodes.Status503ServiceUnavailable,
        ErrorCode.TrackerStorageFull => StatusCodes.Status507InsufficientStorage,
        _ => StatusCodes.Status500InternalServerError,
    };
}
