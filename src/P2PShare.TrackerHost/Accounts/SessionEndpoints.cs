using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapGroup("").WithTags("Sessions");
        sessions.MapPost(TrackerRoutes.Sessions, LogInAsync)
            .AllowAnonymous()
            .RequireRateLimiting(RateLimit.Logins)
            .Describe("logIn", "Opens a session.", ErrorCode.WrongCredentials)
            .Produces<SessionResponse>(StatusCodes.Status201Created);
        sessions.MapGet(TrackerRoutes.CurrentSession, (CurrentUser user, TrackerIdentity tracker) =>
                TypedResults.Ok(new SessionResponse(Token: null, user.UserId, user.SessionId, user.Name, tracker.Id, user.Expires)))
            .RequireAuthorization()
            .Describe("getSession", "Returns the caller's session, without its token.");
        sessions.MapDelete(TrackerRoutes.CurrentSession, LogOutAsync)
            .RequireAuthorization()
            .Audited(AuditAct.LoggedOut)
            .Describe("logOut", "Ends the caller's session and its peers.")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> LogInAsync(
        LoginRequest request,
        HttpContext context,
        AccountService accounts,
        TrackerIdentity tracker,
        Audit audit,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var user = await accounts.LogInAsync(request.UserName, request.Password, context.RemoteAddress(), cancellationToken);
            // If the password was changed meanwhile, the given one is checked again.
            if (await accounts.OpenSessionAsync(user, context.RemoteAddress(), cancellationToken) is var (token, session, expires))
            {
                audit.Write(AuditAct.LoggedIn, context.RemoteAddress(), user.Name);
                context.Response.Headers.CacheControl = "no-store";
                return TypedResults.Created(TrackerRoutes.CurrentSession, new SessionResponse(token, user.UserId, session, user.Name, tracker.Id, expires));
            }
        }
    }

    private static async Task<IResult> LogOutAsync(CurrentUser user, AccountService accounts, CancellationToken cancellationToken)
    {
        await accounts.LogOutAsync(user, cancellationToken);
        return TypedResults.NoContent();
    }
}
