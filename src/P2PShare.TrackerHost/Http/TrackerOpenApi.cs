using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Http;

/// <summary>The description at <c>/openapi/v1.json</c>: what the framework cannot see by itself.</summary>
internal static class TrackerOpenApi
{
    private const string Bearer = "bearer";

    private static readonly Dictionary<string, string> Tags = new()
    {
        ["Accounts"] = "Creating, changing and deleting one's own account.",
        ["Sessions"] = "Logging in and out.",
        ["Groups"] = "Groups and their members.",
        ["Join requests"] = "Asking to join a group, and the answer of the owner or a manager.",
        ["Files"] = "What is shared with a group.",
        ["Peers"] = "Announces, and the sources of contents.",
        ["Events"] = "What happens in the caller's groups, as a stream.",
        ["Tickets"] = "The keys that check tickets.",
        ["Health"] = "For balancers and supervisors.",
    };

    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["group"] = "Name of a group; case does not matter.",
        ["user"] = "Name of a user; case does not matter.",
        ["name"] = "Name of a file; it can contain '/'.",
        ["fingerprint"] = "SHA-256 of the public key of the peer's certificate: 64 hexadecimal digits.",
    };

    public static void AddTrackerOpenApi(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var isPublic = !context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any();
            operation.Security = isPublic ? [] : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
            foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            {
                parameter.Description ??= Parameters.GetValueOrDefault(parameter.Name ?? "");
            }

            OpenApiPages.Describe(operation, context);

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<OpenApiSuccess>().LastOrDefault() is { } success)
            {
                operation.Responses!["200"].Description = success.Description;
            }

            OpenApiErrors.Describe(operation, context);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            if (type == typeof(Hash256))
            {
                schema.Type = type == context.JsonTypeInfo.Type ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
                schema.Pattern = "^[0-9a-f]{64}$";
                schema.Description = "SHA-256, in lower-case hexadecimal.";
            }
            else if (type.IsEnum)
            {
                schema.Type = JsonSchemaType.String;
                // Where it may be left out the framework counts null among the names, which are of one type.
                schema.Enum = [.. Enum.GetNames(type).Select(name => (JsonNode)JsonValue.Create(name))];
            }
            else if (context.JsonTypeInfo.ElementType == typeof(Hash256))
            {
                // Of a type with a converter of its own the framework knows nothing.
                schema.Items = new OpenApiSchemaReference(nameof(Hash256), context.Document);
            }

            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "P2PShare tracker",
            Version = ProgramVersion.Text,
            Description = "Accounts, groups, files and the peers that have them. Files never pass through the tracker. "
                + "Every error is a problem (RFC 9457) with a stable code.",
        };
        // The server that the description was read from, under whichever name.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Key, Description = tag.Value }).ToHashSet();
        document.AddComponent<IOpenApiSecurityScheme>(Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = Bearer,
            Description = "The token that a login returns.",
        });
        OpenApiErrors.AddProblem(document);
    }
}
