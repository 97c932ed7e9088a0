using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Connections;

/// <summary>TCP and TLS 1.3 in both directions: the dialling side checks the fingerprint, both sides show their certificate.</summary>
internal static class PeerTls
{
    /// <summary>How long connecting, and then each handshake, may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>What peers of the versions before speak, the last one first; negotiated only to tell them.</summary>
    public static readonly IReadOnlyList<SslApplicationProtocol> OlderProtocols = [new("p2pshare/2"), new("p2pshare/1")];

    /// <summary>Addresses of one peer that are tried.</summary>
    public const int MaxEndPoints = 16;

    private static readonly SslApplicationProtocol Protocol = new("p2pshare/3");
    private static readonly List<SslApplicationProtocol> Protocols = [Protocol, .. OlderProtocols];

    // The fastest first; if the system chooses for all programs, it chooses here too.
    private static readonly CipherSuitesPolicy? Ciphers = OperatingSystem.IsLinux()
        ? new CipherSuitesPolicy([TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256])
        : null;

    /// <summary>Tries all addresses of a peer at once, and keeps the first at which the peer proves its fingerprint.</summary>
    /// <param name="endPoints"><c>address:port</c>, at least one; those after the first <see cref="MaxEndPoints"/> are not tried.</param>
    /// <param name="limiter">Null: no limit.</param>
    /// <exception cref="IOException">None did; the message gives the reason for each address.</exception>
    public static async Task<(PeerStream Stream, IPEndPoint EndPoint)> DialAsync(
        PeerIdentity identity, Hash256 fingerprint, IReadOnlyList<string> endPoints, CancellationToken cancellationToken, DialLimiter? limiter = null)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = endPoints.Take(MaxEndPoints).Select(endPoint => DialOneAsync(identity, fingerprint, endPoint, limiter, others.Token)).ToList();
        var problems = new List<string>();
        (PeerStream Stream, IPEndPoint EndPoint)? connected = null;
        await foreach (var attempt in Task.WhenEach(attempts).ConfigureAwait(false))
        {
            try
            {
                var result = await attempt.ConfigureAwait(false);
                if (connected is null)
                {
                    connected = result;
                    await others.CancelAsync().ConfigureAwait(false);
                }
                else
                {
                    await result.Stream.DisposeAsync().ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or AuthenticationException or FormatException or OperationCanceledException)
            {
                problems.Add(e.Message);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return connected ?? throw new IOException(string.Join(" ", problems));
    }

    /// <summary>
    /// A further connection to a peer that is connected, over a blocking socket: the thread that reads or writes waits in the
    /// system call, which for bulk costs a third less time than being woken by the thread pool.
    /// </summary>
    /// <exception cref="IOException">It cannot be reached, or is not the peer that it was.</exception>
    public static PeerStream DialBlocking(PeerIdentity identity, Hash256 fingerprint, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendTimeout = (int)Timeout.TotalMilliseconds,
            ReceiveTimeout = (int)Timeout.TotalMilliseconds,
        };
        PeerStream? stream = null;
        try
        {
            using (cancellationToken.Register(socket.Dispose))
            {
                socket.Connect(endPoint);
                stream = new PeerStream(new ReadAheadStream(new NetworkStream(socket, ownsSocket: true), isBlocking: true));
                stream.AuthenticateAsClient(ClientOptions(identity, fingerprint));
            }

            // Maintenance ends an idle connection, not a time-out of every read.
            socket.ReceiveTimeout = 0;
            return RequireCurrent(stream);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or ObjectDisposedException)
        {
            stream?.Dispose();
            socket.Dispose();
            throw new IOException($"{endPoint}: {e.Message}", e);
        }
    }

    /// <summary>
    /// The listening side's handshake. It only takes the certificate; the ticket decides what the peer may fetch. The other side may
    /// speak one of <see cref="OlderProtocols"/>.
    /// </summary>
    /// <param name="network">Owned.</param>
    public static async Task<PeerStream> AcceptAsync(PeerIdentity identity, Stream network, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        var stream = new PeerStream(new ReadAheadStream(network, isBlocking: false));
        try
        {
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = identity.Context,
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CipherSuitesPolicy = Ciphers,
                    ApplicationProtocols = Protocols,
                    CertificateChainPolicy = NewChainPolicy(),
                    // A resumed session does not show its certificate again.
                    AllowTlsResume = false,
                },
                timeout.Token).ConfigureAwait(false);
            return RequireProtocol(stream);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The dialling side's handshake.</summary>
    /// <param name="network">Owned.</param>
    /// <exception cref="AuthenticationException">The other side is not the peer with this fingerprint.</exception>
    /// <exception cref="IOException">It speaks another version.</exception>
    public static async Task<PeerStream> ConnectAsync(PeerIdentity identity, Hash256 fingerprint, Stream network, CancellationToken cancellationToken)
    {
        var stream = new PeerStream(new ReadAheadStream(network, isBlocking: false));
        try
        {
            await stream.AuthenticateAsClientAsync(ClientOptions(identity, fingerprint), cancellationToken).ConfigureAwait(false);
            return RequireCurrent(stream);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What the handshake proved about the other side.</summary>
    public static RemotePeer Identify(SslStream stream, IPEndPoint endPoint)
    {
        var certificate = (X509Certificate2)stream.RemoteCertificate!;
        var address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        return new RemotePeer(
            CertificateHashes.Fingerprint(certificate), CertificateHashes.Whole(certificate), new IPEndPoint(address, endPoint.Port));
    }

    private static async Task<(PeerStream Stream, IPEndPoint EndPoint)> DialOneAsync(
        PeerIdentity identity, Hash256 fingerprint, string text, DialLimiter? limiter, CancellationToken cancellationToken)
    {
        var endPoint = IPEndPoint.Parse(text);
        if (limiter?.TryDial(endPoint.Address) == false)
        {
            throw new IOException($"{endPoint} was not dialled: its address was dialled {DialLimiter.PerSecond} times a second.");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, timeout.Token).ConfigureAwait(false);
            return (await ConnectAsync(identity, fingerprint, new NetworkStream(socket, ownsSocket: true), timeout.Token).ConfigureAwait(false), endPoint);
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e is AuthenticationException
                ? new IOException($"{endPoint} is not the peer that the tracker named: its fingerprint is another.", e)
                : new IOException($"{endPoint}: {e.Message}", e);
        }
    }

    private static SslClientAuthenticationOptions ClientOptions(PeerIdentity identity, Hash256 fingerprint) => new()
    {
        TargetHost = "p2pshare",
        ClientCertificateContext = identity.Context,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            certificate is X509Certificate2 shown && CertificateHashes.Fingerprint(shown) == fingerprint,
        EnabledSslProtocols = SslProtocols.Tls13,
        CipherSuitesPolicy = Ciphers,
        ApplicationProtocols = Protocols,
        CertificateChainPolicy = NewChainPolicy(),
        AllowTlsResume = false,
    };

    // Certificates are their own roots and only their fingerprint counts: no store of the system is read, and nothing that a
    // peer's certificate names is downloaded.
    private static X509ChainPolicy NewChainPolicy() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        DisableCertificateDownloads = true,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };

    /// <summary>The version of the protocol that was negotiated.</summary>
    public static byte VersionOf(SslStream stream) =>
        (byte)(HelloMessage.CurrentVersion - Protocols.IndexOf(stream.NegotiatedApplicationProtocol));

    private static PeerStream RequireCurrent(PeerStream stream) => RequireProtocol(stream).NegotiatedApplicationProtocol == Protocol
        ? stream
        : throw new IOException($"The peer speaks {stream.NegotiatedApplicationProtocol}, and this one {Protocol}. The older one has to be updated.");

    private static PeerStream RequireProtocol(PeerStream stream) =>
        Protocols.Contains(stream.NegotiatedApplicationProtocol)
            ? stream
            : throw new IOException("The other side speaks another protocol.");
}
