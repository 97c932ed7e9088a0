using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class HostileAnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 2\u001b]0;owned\u0007 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX\u001b[31mOWNED\r\n\r\n")]
    public async Task An_answer_that_is_no_HTTP_reaches_no_terminal(string answer)
    {
        var problem = await AskAsync(TrackerRequest.Get("/v2/groups"), Encoding.ASCII.GetBytes(answer));

        var known = Assert.IsAssignableFrom<P2PShareException>(problem);
        Assert.False(known.Message.Any(char.IsControl), "reaches the person: " + known.Message.Replace("\u001b", "<ESC>").Replace("\u0007", "<BEL>"));
    }

    // Some 70 KB become 70 MB.
    [Theory]
    [InlineData(HttpStatusCode.OK, HttpCompletionOption.ResponseContentRead)]
    [InlineData(HttpStatusCode.BadRequest, HttpCompletionOption.ResponseContentRead)]
    [InlineData(HttpStatusCode.BadRequest, HttpCompletionOption.ResponseHeadersRead)]
    public async Task A_compressed_answer_that_grows_beyond_16_MiB_is_an_error(HttpStatusCode status, HttpCompletionOption completion)
    {
        var text = new MemoryStream();
        using (var gzip = new GZipStream(text, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.ASCII.GetBytes("{\"code\":\"Odd\",\"detail\":\""));
            gzip.Write(Enumerable.Repeat((byte)'a', 70_000_000).ToArray());
            gzip.Write("\"}"u8);
        }

        var body = text.ToArray();
        var head = $"HTTP/1.1 {(int)status} Odd\r\nContent-Type: application/problem+json\r\nContent-Encoding: gzip\r\nContent-Length: {body.Length}\r\n\r\n";

        var problem = await AskAsync(new TrackerRequest(HttpMethod.Get, "/v2/groups") { Completion = completion }, [.. Encoding.ASCII.GetBytes(head), .. body]);

        var known = Assert.IsType<P2PShareException>(problem);
        Assert.Equal(ErrorCode.NotATracker, known.Code);
        Assert.Contains("larger than 16 MiB", known.Message, StringComparison.Ordinal);
    }

    private static async Task<Exception?> AskAsync(TrackerRequest request, byte[] answer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=t", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        using var known = new TemporaryFolder();
        using var connection = new TrackerConnection(
            new TrackerAddress("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port), KnownTrackers.In(known.Path), trustOnFirstUse: true, TimeProvider.System, TrackerTimeouts.Default);

        return await Record.ExceptionAsync(() => connection.SendAsync(request, session: null, CancellationToken.None));

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync();
            using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(made);
            _ = await tls.ReadAtLeastAsync(new byte[4096], 1);
            await tls.WriteAsync(answer);
        }
    }
}
