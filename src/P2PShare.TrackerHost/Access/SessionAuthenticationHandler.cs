using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Http;

namespace P2PShare.TrackerHost.Access;

/// <summary>Finds the session of <c>Authorization: Bearer</c> (RFC 6750).</summary>
internal sealed class SessionAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, SessionService sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // An endpoint that needs no session, such as a health probe, must not need the database for one either.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return AuthenticateResult.NoResult();
        }

        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(SchemeName + " ", StringComparison.OrdinalIgnoreCase))
        {
            return AuthenticateResult.NoResult();
        }

        var user = await sessions.FindAsync(header[(SchemeName.Length + 1)..].Trim(), Context.RequestAborted);
        if (user is null)
        {
            return AuthenticateResult.Fail("No such session.");
        }

        Context.Features.Set(user);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, user.Name), new Claim(ClaimTypes.NameIdentifier, user.Id.ToString(CultureInfo.InvariantCulture))], SchemeName));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = SchemeName;
        return Problems.WriteAsync(
            Context,
            StatusCodes.Status401Unauthorized,
            ErrorCode.NotLoggedIn,
            "There is no session, or it has expired or was ended by a logout: log in.");
    }
}
