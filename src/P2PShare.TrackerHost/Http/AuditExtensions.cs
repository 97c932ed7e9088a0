using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

internal static class AuditExtensions
{
    /// <summary>
    /// Writes an act of the logged-in user when the endpoint has succeeded. Group and subject are the path's <c>{group}</c> and
    /// <c>{user}</c> unless <paramref name="named"/> gives another.
    /// </summary>
    /// <param name="named">The name in the body: of the group if the path has none, else of the subject.</param>
    public static RouteHandlerBuilder Audited(
        this RouteHandlerBuilder endpoint, AuditAct act, Func<EndpointFilterInvocationContext, string>? named = null) => endpoint.AddEndpointFilter(async (call, next) =>
    {
        var result = await next(call);
        var context = call.HttpContext;
        var group = (string?)context.GetRouteValue("group");
        var subject = (string?)context.GetRouteValue("user");
        if (named is not null)
        {
            (group, subject) = group is null ? (named(call), null) : (group, named(call));
        }

        context.RequestServices.GetRequiredService<Audit>()
            .Write(act, context.RemoteAddress(), context.User.Identity?.Name, group, subject);
        return result;
    });
}
