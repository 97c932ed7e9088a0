using System.Net.Mime;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// One page of a list as a response: a JSON array, a link to the next page, and a tag by which a client that has the page already
/// is told so (304).
/// </summary>
/// <param name="Next">The place after which the next page begins; null: this is the last one.</param>
internal sealed record ListPage<T>(IReadOnlyList<T> Items, string? Next) : IResult, IEndpointMetadataProvider
{
    /// <summary>
    /// Whether it is compressed for a client that wants it. Not if somebody can add to the list who may not read all of it: the size
    /// of what is compressed together shows what it has in common (BREACH).
    /// </summary>
    public bool IsCompressible { get; init; }

    private Rendered? _rendered;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new WorkLimits.SendsList());
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(IReadOnlyList<T>), [MediaTypeNames.Application.Json]));
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        // A page may be sent many times. Two that make it at the same time make the same.
        var (body, tag) = _rendered ??= Render(httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);
        var headers = httpContext.Response.Headers;
        if (Next is not null)
        {
            headers.Link = $"<{LinkTo(httpContext.Request, Next)}>; rel=\"{ListQuery.NextRelation}\"";
        }

        // Each user has a view of its own, and it may be another one at any moment.
        headers.CacheControl = "private, no-cache";
        if (IsCompressible && httpContext.Features.Get<IHttpsCompressionFeature>() is { } compression)
        {
            compression.Mode = HttpsCompressionMode.Compress;
        }

        return TypedResults.Bytes(body, $"{MediaTypeNames.Application.Json}; charset=utf-8", entityTag: tag).ExecuteAsync(httpContext);
    }

    private Rendered Render(JsonSerializerOptions options)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(Items, options.GetTypeInfo(typeof(IReadOnlyList<T>)));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        // Weak: the same page has other bytes when it is compressed.
        return new Rendered(body, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash[..16])}\"", isWeak: true));
    }

    // The same list, from another place.
    private static string LinkTo(HttpRequest request, string after)
    {
        var query = request.Query
            .Where(parameter => parameter.Key != ListQuery.AfterParameter)
            .SelectMany(parameter => parameter.Value, (parameter, value) => KeyValuePair.Create(parameter.Key, value))
            .Append(KeyValuePair.Create(ListQuery.AfterParameter, (string?)after));
        return QueryHelpers.AddQueryString((request.PathBase + request.Path).ToUriComponent(), query);
    }

    private sealed record Rendered(byte[] Body, EntityTagHeaderValue Tag);
}
