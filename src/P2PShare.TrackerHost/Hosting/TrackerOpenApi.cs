using Microsoft.OpenApi;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Hosting;

internal static class TrackerOpenApi
{
    public static void AddTrackerOpenApi(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "P2PShare tracker", Version = "v1" };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(Hash256) || context.JsonTypeInfo.Type == typeof(Hash256?))
            {
                schema.Type = JsonSchemaType.String;
                schema.Pattern = "^[0-9a-f]{64}$";
            }

            return Task.CompletedTask;
        });
    });
}
