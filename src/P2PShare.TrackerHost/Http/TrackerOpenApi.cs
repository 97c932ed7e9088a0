using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Http;

/// <summary>What the description at <c>/openapi/v1.json</c> cannot see by itself.</summary>
internal static class TrackerOpenApi
{
    private const string Bearer = "bearer";

    public static void AddTrackerOpenApi(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "P2PShare tracker", Version = "v1" };
            document.AddComponent<IOpenApiSecurityScheme>(Bearer, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description = "The token that a login answers.",
            });
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any())
            {
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            }

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
