namespace P2PShare.TrackerHost.Access;

/// <summary>The user who calls. Endpoints that require authorization can take it as a parameter.</summary>
/// <param name="Id">The number of its row; <paramref name="UserId"/> is what others see.</param>
/// <param name="SessionHash">Identifies the session by its token; <paramref name="SessionId"/> is what others see.</param>
/// <param name="Expires">When the session ends unless it is used.</param>
internal sealed record CurrentUser(long Id, Guid UserId, Guid SessionId, string Name, string SessionHash, DateTimeOffset Expires)
{
    public static ValueTask<CurrentUser> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.Features.Get<CurrentUser>() ?? throw new InvalidOperationException("The endpoint does not require authorization."));
}
