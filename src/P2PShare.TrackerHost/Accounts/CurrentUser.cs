namespace P2PShare.TrackerHost.Accounts;

/// <summary>Who asks. Endpoints take it as a parameter; it is there wherever authorization is required.</summary>
/// <param name="SessionHash">Names the session.</param>
/// <param name="Expires">When the session ends unless it is used.</param>
internal sealed record CurrentUser(long Id, string Name, string SessionHash, DateTimeOffset Expires)
{
    public static ValueTask<CurrentUser> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.Features.Get<CurrentUser>() ?? throw new InvalidOperationException("The endpoint does not require authorization."));
}
