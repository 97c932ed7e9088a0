using Microsoft.AspNetCore.Authentication;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Accounts;

internal static class AccountEndpoints
{
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<UserService>().AddSingleton<SessionService>().AddSingleton<InvitationService>().AddSingleton<AccountService>();
        services.AddSingleton<PasswordWorkers>().AddSingleton<LoginThrottle>();
        // Not AddAuthentication: it adds data protection, whose keys nothing here uses, and which warns of them at each start of a user without a home.
        services.AddAuthenticationCore(options => options.DefaultScheme = SessionAuthenticationHandler.SchemeName).AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, SessionAuthenticationHandler>(SessionAuthenticationHandler.SchemeName, configureOptions: null);
        services.AddAuthorization();
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var accounts = routes.MapGroup("").WithTags("Accounts");
        accounts.MapPost(TrackerRoutes.Users, CreateAsync)
            .AllowAnonymous()
            .RequireRateLimiting(RateLimit.NewUsers)
            .Describe(
                "createUser", "Creates an account.", ErrorCode.RegistrationClosed, ErrorCode.InvalidInvitation, ErrorCode.InvalidUserName, ErrorCode.InvalidPassword, ErrorCode.UserNameTaken)
            .Produces(StatusCodes.Status201Created);
        accounts.MapPut(TrackerRoutes.CurrentPassword, ChangePasswordAsync)
            .RequireAuthorization()
            .Audited(AuditAct.PasswordChanged)
            // Hashes as a login does, twice.
            .RequireRateLimiting(RateLimit.Logins)
            .Describe(
                "changePassword", "Changes the caller's password, ends the user's sessions and opens another one.", ErrorCode.InvalidPassword, ErrorCode.WrongCredentials)
            .Produces<SessionResponse>();
        accounts.MapDelete(TrackerRoutes.CurrentUser, RemoveAsync)
            .RequireAuthorization()
            .Audited(AuditAct.UserRemoved)
            .Describe("deleteUser", "Deletes the caller's account.", ErrorCode.UserOwnsGroups)
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> CreateAsync(
        CreateUserRequest request, HttpContext context, AccountService accounts, CancellationToken cancellationToken)
    {
        await accounts.CreateAsync(request, context.RemoteAddress(), cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status201Created);
    }

    private static async Task<IResult> ChangePasswordAsync(
        ChangePasswordRequest request,
        HttpContext context,
        CurrentUser user,
        AccountService accounts,
        TrackerIdentity tracker,
        CancellationToken cancellationToken)
    {
        var (oldHash, newHash) = await accounts.CheckChangeAsync(
            user.Name, request.CurrentPassword, request.NewPassword, context.RemoteAddress(), cancellationToken);
        var (token, session, expires) = await accounts.ChangePasswordAsync(user, oldHash, newHash, cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new SessionResponse(token, user.UserId, session, user.Name, tracker.Id, expires));
    }

    private static async Task<IResult> RemoveAsync(CurrentUser user, UserService users, CancellationToken cancellationToken)
    {
        await users.RemoveAsync(user, cancellationToken);
        return TypedResults.NoContent();
    }
}
