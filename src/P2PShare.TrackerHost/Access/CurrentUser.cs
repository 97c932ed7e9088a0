namespace P2PShare.TrackerHost.Access;

/// <summary>The user who calls. Endpoints that require authorization can take it as a parameter.</summary>
/// <param name="SessionHash">Identifies the session.</param>
/// <param name="Expires">When the session ends unless it is used.</param>
internal sealed record CurrentUser(long Id, string Name, string SessionHash, DateTimeOffset Expires)
{
    public static ValueTask<CurrentUser> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.Features.Get<CurrentUser>() ?? throw new InvalidOperationException("The endpoint does not require authorization."));
}
