namespace P2PShare.TrackerHost.Http;

internal static class RequestIdExtensions
{
    public static void AddRequestIds(this IServiceCollection services) => services.AddSingleton<IHttpContextFactory, RequestIds>();

    public static void UseRequestIds(this WebApplication app) => app.Use(next => context =>
    {
        RequestIds.Answer(context);
        return next(context);
    });
}
