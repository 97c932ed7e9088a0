using System.Net;
using System.Text;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Takes what is sent with OTLP over HTTP, and keeps the last request to each path.</summary>
internal sealed class OtlpCollector : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Dictionary<string, string> _received = [];
    private readonly string _address = $"http://127.0.0.1:{LoopbackPort.FindFree()}/";

    public OtlpCollector()
    {
        _listener.Prefixes.Add(_address);
        _listener.Start();
    }

    /// <summary>For the environment of a tracker, and its log.</summary>
    public string[] Settings =>
    [
        $"OTEL_EXPORTER_OTLP_ENDPOINT={_address}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "OTEL_METRIC_EXPORT_INTERVAL=200", "OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_BLRP_SCHEDULE_DELAY=200",
        "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Information",
    ];

    public IEnumerable<string> Paths => _received.Keys;

    /// <summary>The texts in the last request to a path; empty if there was none.</summary>
    public string Last(string path) => _received.GetValueOrDefault(path, "");

    /// <summary>Receives one request.</summary>
    public async Task ReceiveAsync()
    {
        var context = await _listener.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(30));
        using var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        context.Response.Close();
        Assert.Equal(("POST", "application/x-protobuf"), (context.Request.HttpMethod, context.Request.ContentType));
        // An export request: field 1, of a length, and nothing behind it.
        Assert.Equal(0x0A, body.GetBuffer()[0]);
        _received[context.Request.Url!.AbsolutePath] = Encoding.UTF8.GetString(body.ToArray());
    }

    public void Dispose() => ((IDisposable)_listener).Dispose();
}
