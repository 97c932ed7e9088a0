using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// The files of <see cref="PackageOptions.PackagePath"/>, for machines that have nothing installed and so no session. A file is asked for by
/// its SHA-256, which the machine received by another way and checks; a caller that does not know the hash receives nothing.
/// </summary>
internal static class PackageEndpoint
{
    /// <summary>Files that are sent at once; further requests are refused with 503.</summary>
    private const int MaxAtOnce = 64;

    /// <summary>Adds the endpoint if the configuration has a folder.</summary>
    public static void MapPackages(this WebApplication app)
    {
        if (app.Services.GetRequiredService<PackageOptions>().PackagePath is not { Length: > 0 } folder)
        {
            return;
        }

        var places = new SemaphoreSlim(MaxAtOnce);
        app.MapGet("/packages/{hash}", (string hash, HttpContext context) => SendAsync(Path.GetFullPath(folder), hash, places, context))
            .AllowAnonymous()
            .ExcludeFromDescription();
    }

    private static async Task SendAsync(string folder, string hash, SemaphoreSlim places, HttpContext context)
    {
        // Nothing but a hash becomes part of a path.
        if (!Hash256.TryParse(hash, out var parsed) || new FileInfo(Path.Combine(folder, parsed.ToString())) is not { Exists: true } file)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!places.Wait(0, CancellationToken.None))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        try
        {
            context.Response.ContentLength = file.Length;
            await context.Response.SendFileAsync(file.FullName, context.RequestAborted);
        }
        finally
        {
            places.Release();
        }
    }
}
