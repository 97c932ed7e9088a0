using Microsoft.AspNetCore.Authentication;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Accounts;

internal static class AccountEndpoints
{
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<UserStore>().AddSingleton<SessionStore>().AddSingleton<AccountService>();
        services.AddSingleton<PasswordWorkers>().AddSingleton<LoginThrottle>();
        services.AddAuthentication(SessionAuthenticationHandler.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, SessionAuthenticationHandler>(SessionAuthenticationHandler.SchemeName, configureOptions: null);
        services.AddAuthorization();
    }

    public static void MapAccounts(this IEndpointRouteBuilder routes) =>
        routes.MapPost(TrackerRoutes.Users, CreateAsync)
            .AllowAnonymous()
            .WithTags("Accounts")
            .Produces(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);

    private static async Task<IResult> CreateAsync(CreateUserRequest request, AccountService accounts, CancellationToken cancellationToken)
    {
        await accounts.CreateAsync(request.UserName, request.Password, cancellationToken);
        return TypedResults.StatusCode(StatusCodes.Status201Created);
    }
}
