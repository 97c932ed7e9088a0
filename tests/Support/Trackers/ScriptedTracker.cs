using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>A tracker over real HTTPS with the responses that a test sets.</summary>
internal sealed class ScriptedTracker : IAsyncDisposable
{
    public static readonly RequestDelegate NoGroups = context => context.Response.WriteAsJsonAsync(Array.Empty<string>());

    private readonly X509Certificate2 _certificate;
    private readonly WebApplication _web;

    private ScriptedTracker(X509Certificate2 certificate, WebApplication web)
    {
        _certificate = certificate;
        _web = web;
    }

    public TrackerAddress Address { get; private set; } = null!;

    /// <summary>At first an empty list.</summary>
    public RequestDelegate Answer { get; set; } = NoGroups;

    /// <summary>The requests, as <c>METHOD /path</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public static async Task<ScriptedTracker> StartAsync(int port = 0)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new CertificateRequest("CN=scripted", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, endpoint => endpoint.UseHttps(certificate)));
        var tracker = new ScriptedTracker(certificate, builder.Build());
        tracker._web.Run(context =>
        {
            tracker.Asked.Enqueue($"{context.Request.Method} {context.Request.Path}");
            return tracker.Answer(context);
        });
        await tracker._web.StartAsync();
        tracker.Address = new TrackerAddress("127.0.0.1", new Uri(tracker._web.Urls.Single()).Port, CertificateHashes.Fingerprint(certificate));
        return tracker;
    }

    /// <summary>A problem document as a tracker sends it.</summary>
    public static RequestDelegate Problem(int status, string code, string detail, int? retryAfter = null) => context =>
    {
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = $"{retryAfter}";
        }

        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new ProblemResponse(Status: status, Detail: detail, Code: code), TrackerJson.Default.ProblemResponse, "application/problem+json");
    };

    /// <summary>No response.</summary>
    public static async Task Silence(HttpContext context) => await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>The address of a port on which nothing listens.</summary>
    public static TrackerAddress Nobody() => new("127.0.0.1", LoopbackPort.FindFree(), new Hash256(new byte[Hash256.Size]));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _web.StopAsync(now.Token);
        await _web.DisposeAsync();
        _certificate.Dispose();
    }
}
