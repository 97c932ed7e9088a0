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
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=t", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        var known = Directory.CreateTempSubdirectory().FullName;
        using var connection = new TrackerConnection(
            new TrackerAddress("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port), KnownTrackers.In(known), trustOnFirstUse: true, TimeProvider.System, TrackerTimeouts.Default);

        var problem = await Record.ExceptionAsync(() => connection.SendAsync(TrackerRequest.Get("/v2/groups"), session: null, CancellationToken.None));

        Directory.Delete(known, recursive: true);
        Assert.IsAssignableFrom<P2PShareException>(problem);
        Assert.False(problem.Message.Any(char.IsControl), "reaches the person: " + problem.Message.Replace("\u001b", "<ESC>").Replace("\u0007", "<BEL>"));

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync();
            using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(made);
            _ = await tls.ReadAtLeastAsync(new byte[4096], 1);
            await tls.WriteAsync(Encoding.ASCII.GetBytes(answer));
        }
    }
}
