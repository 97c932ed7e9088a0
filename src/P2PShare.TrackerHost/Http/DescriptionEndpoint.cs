using System.Net.Mime;
using System.Security.Cryptography;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace P2PShare.TrackerHost.Http;

/// <summary>The description of all endpoints (OpenAPI), made once: any caller may ask for it, without a session.</summary>
internal static class DescriptionEndpoint
{
    public const string Path = "/openapi/v1.json";

    // As the framework names the description that has no name of its own.
    private const string Document = "v1";

    public static void MapDescription(this WebApplication app)
    {
        var made = new Lazy<Task<(byte[] Bytes, EntityTagHeaderValue Tag)>>(() => MakeAsync(app.Services));
        app.MapGet(Path, async () =>
        {
            var (bytes, tag) = await made.Value;
            return Results.Bytes(bytes, MediaTypeNames.Application.Json, entityTag: tag);
        }).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<(byte[] Bytes, EntityTagHeaderValue Tag)> MakeAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var document = await scope.ServiceProvider.GetRequiredKeyedService<IOpenApiDocumentProvider>(Document).GetOpenApiDocumentAsync();
        using var text = new MemoryStream();
        await document.SerializeAsJsonAsync(text, OpenApiSpecVersion.OpenApi3_1);
        var bytes = text.ToArray();
        return (bytes, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\""));
    }
}
