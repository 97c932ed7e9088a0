using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using P2PShare.Protocol;

namespace P2PShare.Bench.Tracker;

/// <summary>A connection of an attacker: HTTP/1.1 over TLS, of whose answers it reads as little as it likes.</summary>
internal sealed class RawConnection : IDisposable
{
    // Of "HTTP/1.1 200".
    private const int StatusEnd = 12;
    private const int StatusLength = 3;

    // What the system would take off the tracker's hands.
    private const int Unread = 4096;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly string _authority;
    private readonly Socket _socket;
    private readonly SslStream _tls;

    private RawConnection(string authority, Socket socket, SslStream tls) => (_authority, _socket, _tls) = (authority, socket, tls);

    /// <param name="fingerprint">Of the server's certificate.</param>
    public static async Task<RawConnection> OpenAsync(string authority, Hash256 fingerprint, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = Unread };
        var tls = default(SslStream);
        try
        {
            await socket.ConnectAsync(IPEndPoint.Parse(authority), cancellationToken);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = authority,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                        certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == fingerprint,
                },
                cancellationToken);
            return new RawConnection(authority, socket, tls);
        }
        catch
        {
            tls?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends requests, as much of them as the tracker reads, and reads the beginning of the first answer, which may come before.</summary>
    /// <param name="paths">Of one request each, all sent before the first is answered.</param>
    /// <param name="json">Of each; null: no body.</param>
    /// <returns>The first answer's status; null: the tracker closed the connection.</returns>
    public async Task<int?> AskAsync(HttpMethod method, IReadOnlyList<string> paths, string token, byte[]? json, CancellationToken cancellationToken)
    {
        var body = json is null ? "" : $"Content-Type: application/json\r\nContent-Length: {json.Length}\r\n";
        using var requests = new MemoryStream();
        foreach (var path in paths)
        {
            requests.Write(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: {_authority}\r\nAuthorization: Bearer {token}\r\n{body}\r\n"));
            requests.Write(json);
        }

        var sending = _tls.WriteAsync(requests.GetBuffer().AsMemory(0, (int)requests.Length), cancellationToken).AsTask();
        try
        {
            var beginning = new byte[StatusEnd];
            var count = await _tls.ReadAtLeastAsync(beginning, StatusEnd, throwOnEndOfStream: false, cancellationToken);
            return count == StatusEnd && int.TryParse(beginning.AsSpan(StatusEnd - StatusLength), out var status) ? status : null;
        }
        catch (IOException)
        {
            return null;
        }
        finally
        {
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes a few bytes of the answer each second, still encrypted.</summary>
    /// <returns>True: the tracker closed the connection; false: it was cancelled.</returns>
    public async Task<bool> ReadSlowlyAsync(int bytesPerSecond, CancellationToken cancellationToken)
    {
        var bytes = new byte[bytesPerSecond];
        try
        {
            while (await _socket.ReceiveAsync(bytes, cancellationToken) > 0)
            {
                await Task.Delay(Pause, cancellationToken);
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose() => _tls.Dispose();
}
