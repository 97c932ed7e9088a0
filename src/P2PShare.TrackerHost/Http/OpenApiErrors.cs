using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Http;

/// <summary>Describes every status with which an operation can fail, with its error codes.</summary>
internal static class OpenApiErrors
{
    private const string Problem = "Problem";

    public static void AddProblem(OpenApiDocument document) => document.AddComponent<IOpenApiSchema>(Problem, new OpenApiSchema
    {
        Type = JsonSchemaType.Object,
        Description = "Why a request failed (RFC 9457).",
        Required = new HashSet<string> { "type", "title", "status", "detail", "code" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Always about:blank: the code says more." },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "The phrase of the status." },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Description = "The HTTP status." },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A whole sentence for a person." },
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Stable, for programs." },
        },
    });

    public static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        operation.Responses ??= [];
        var byStatus = CodesOf(operation, context.Description.ActionDescriptor.EndpointMetadata, context.Description.HttpMethod)
            .Distinct()
            .OrderBy(error => error.Code, StringComparer.Ordinal)
            .GroupBy(error => error.Status, error => error.Code);
        foreach (var codes in byStatus.OrderBy(group => group.Key))
        {
            operation.Responses[codes.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Response(codes.Key, [.. codes], context.Document!);
        }
    }

    private static IEnumerable<(int Status, string Code)> CodesOf(OpenApiOperation operation, IList<object> metadata, string? method)
    {
        if (metadata.OfType<EndpointErrors>().LastOrDefault() is { } own)
        {
            foreach (var code in own.Codes)
            {
                yield return (own.Status ?? Problems.StatusOf(code), code);
            }
        }

        if (metadata.OfType<RateLimits.Counted>().Any(counted => counted.Limit == RateLimit.None))
        {
            yield break;
        }

        if (operation.RequestBody is not null)
        {
            yield return (StatusCodes.Status400BadRequest, ErrorCode.InvalidRequest);
            yield return (StatusCodes.Status413PayloadTooLarge, ErrorCode.InvalidRequest);
            yield return (StatusCodes.Status415UnsupportedMediaType, ErrorCode.InvalidRequest);
        }

        if (metadata.OfType<IAuthorizeData>().Any() && !metadata.OfType<IAllowAnonymous>().Any())
        {
            yield return (StatusCodes.Status401Unauthorized, ErrorCode.NotLoggedIn);
        }

        if (method is not "GET")
        {
            yield return (StatusCodes.Status507InsufficientStorage, ErrorCode.TrackerStorageFull);
        }

        yield return (StatusCodes.Status429TooManyRequests, ErrorCode.TooManyAttempts);
        yield return (StatusCodes.Status500InternalServerError, ErrorCode.TrackerFailed);
        yield return (StatusCodes.Status503ServiceUnavailable, ErrorCode.TrackerDatabaseUnavailable);
        yield return (StatusCodes.Status503ServiceUnavailable, ErrorCode.TrackerDatabaseBusy);
    }

    private static OpenApiResponse Response(int status, string[] codes, OpenApiDocument document)
    {
        var response = new OpenApiResponse
        {
            Description = $"{ReasonPhrases.GetReasonPhrase(status)}: {string.Join(" or ", codes)}.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [Problems.ContentType] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchema
                    {
                        AllOf =
                        [
                            new OpenApiSchemaReference(Problem, document),
                            new OpenApiSchema
                            {
                                Type = JsonSchemaType.Object,
                                Properties = new Dictionary<string, IOpenApiSchema>
                                {
                                    ["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. codes.Select(code => (JsonNode)JsonValue.Create(code)!)] },
                                },
                            },
                        ],
                    },
                },
            },
        };
        if (codes is [ErrorCode.TooManyAttempts] or [ErrorCode.TrackerDatabaseUnavailable, ErrorCode.TrackerDatabaseBusy])
        {
            response.Headers = new Dictionary<string, IOpenApiHeader>
            {
                ["Retry-After"] = new OpenApiHeader
                {
                    Description = "Seconds after which to try again (RFC 9110, section 10.2.3).",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0" },
                },
            };
        }

        return response;
    }
}
