using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>Describes what all lists that come in pages have in common.</summary>
internal static class OpenApiPages
{
    public static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var size = operation.Parameters?.OfType<OpenApiParameter>().SingleOrDefault(parameter => parameter.Name == ListQuery.PageSizeParameter);
        if (size is null)
        {
            return;
        }

        size.Required = true;
        size.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "1", Maximum = $"{ListQuery.MaxPageSize}" };
        foreach (var mine in operation.Parameters!.OfType<OpenApiParameter>().Where(parameter => parameter.Name == ListQuery.MineParameter))
        {
            mine.Schema = new OpenApiSchema { Type = JsonSchemaType.Boolean };
        }

        var headers = new Dictionary<string, IOpenApiHeader>
        {
            ["Link"] = new OpenApiHeader
            {
                Description = $"The next page, with the relation '{ListQuery.NextRelation}' (RFC 8288); none in the last page.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            },
            ["ETag"] = new OpenApiHeader
            {
                Description = "Names this state of the page; in If-None-Match of a later request.",
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            },
        };
        ((OpenApiResponse)operation.Responses!["200"]).Headers = headers;
        operation.Responses["304"] = new OpenApiResponse { Description = "The client has this page already.", Headers = headers };
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = "If-None-Match",
            In = ParameterLocation.Header,
            Description = "The ETag of the page that the client has.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
    }
}
