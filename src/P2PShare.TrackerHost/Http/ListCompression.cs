using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace P2PShare.TrackerHost.Http;

/// <summary>Brotli and gzip for pages of lists that allow it (<see cref="ListPage{T}.IsCompressible"/>), and for nothing else.</summary>
internal static class ListCompression
{
    public static void AddListCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            // Over HTTPS nothing is compressed unless the response says so.
            options.EnableForHttps = false;
            options.MimeTypes = [System.Net.Mime.MediaTypeNames.Application.Json];
        });
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
    }

    /// <summary>To be called once the endpoint is known: a stream of events never passes through it.</summary>
    public static void UseListCompression(this WebApplication app) => app.UseWhen(
        context => context.GetEndpoint()?.Metadata.GetMetadata<WorkLimits.SendsList>() is not null, lists => lists.UseResponseCompression());
}
