using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>The ceiling, as a process of its own: a Kestrel that only reads an announce and answers it, or sends as many bytes as it is asked for.</summary>
internal static class HelloRole
{
    public const string Name = "hello";

    private const string AnswersPath = "/answers/";

    private static readonly ConcurrentDictionary<int, byte[]> _answers = new();

    /// <param name="port">Of 127.0.0.1.</param>
    public static async Task RunAsync(string port)
    {
        using var certificate = CreateCertificate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), endpoint => endpoint.UseHttps(certificate)));
        await using var app = builder.Build();
        app.Run(async context =>
        {
            if (context.Request.Path.Value is { } path && path.StartsWith(AnswersPath, StringComparison.Ordinal))
            {
                await AnswerAsync(context, int.Parse(path.AsSpan(AnswersPath.Length), CultureInfo.InvariantCulture));
                return;
            }

            await context.Request.ReadFromJsonAsync(TrackerJson.Default.AnnounceRequest);
            await context.Response.WriteAsJsonAsync(
                new AnnounceResponse(60, Known: true, Rejected: [], Revocations: [], RevocationsAfter: 0), TrackerJson.Default.AnnounceResponse);
        });
        await app.StartAsync();
        Console.WriteLine("listening");
        // It ends with the process that started it.
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(CompilingTime.Line());
        }

        await app.StopAsync();
    }

    /// <summary>The path of an answer.</summary>
    /// <param name="length">Of its body in bytes; 0: 304 without one.</param>
    public static string AnswerOf(int length) => $"{AnswersPath}{length}";

    private static async Task AnswerAsync(HttpContext context, int length)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = length;
        await context.Response.Body.WriteAsync(_answers.GetOrAdd(length, static length => Enumerable.Repeat((byte)' ', length).ToArray()));
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=hello", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        // Some platforms use only keys that were loaded from a store.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
