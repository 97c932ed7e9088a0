using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary><c>--validate</c>: says all that would keep a tracker from starting, or from working well, and changes nothing.</summary>
internal static class Validation
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>Whether nothing is wrong.</returns>
    public static async Task<bool> RunAsync(string info, string number, string[] settings, TextWriter output, TextWriter error)
    {
        var problems = await FindProblemsAsync(info, number, settings);
        foreach (var problem in problems)
        {
            await error.WriteLineAsync(problem);
        }

        if (problems.Count == 0)
        {
            await output.WriteLineAsync("The configuration is valid.");
        }

        return problems.Count == 0;
    }

    private static async Task<List<string>> FindProblemsAsync(string info, string number, string[] settings)
    {
        var problems = new List<string>();
        TrackerAddress? address = null;
        Try(problems, () => address = TrackerProgram.PickLine(info, number));
        IConfigurationRoot? configuration = null;
        Try(problems, () => configuration = TrackerSettings.ReadConfiguration(settings));
        if (configuration is null)
        {
            return problems;
        }

        var options = TrackerSettings.Read(configuration, out var unread);
        var outOfRange = options.FindProblems();
        problems.AddRange([.. unread, .. outOfRange]);
        if (string.IsNullOrWhiteSpace(options.DataPath))
        {
            return problems;
        }

        problems.AddRange(DataFolder.FindProblems(options.DataPath));
        ServingCertificate? certificate = null;
        if (options.CertificatePath is not null || File.Exists(Path.Combine(options.DataPath, TrackerCertificate.FileName)))
        {
            Try(problems, () => certificate = ServingCertificate.Load(options, TimeProvider.System));
        }

        using (certificate)
        {
            if (certificate is not null && (certificate.Expires <= DateTimeOffset.UtcNow || certificate.Begins > DateTimeOffset.UtcNow))
            {
                problems.Add($"The certificate is valid from {certificate.Begins:u} to {certificate.Expires:u} only, which is not now: clients that have not pinned its fingerprint refuse it.");
            }

            if (await SchemaVersion.FindProblemAsync(options) is { } ofDatabase)
            {
                problems.Add(ofDatabase);
            }

            // Where this tracker runs already, its ports are taken by itself.
            if (address is not null && !await IsRunningAsync(address, certificate))
            {
                problems.AddRange(FindPortProblems(address, outOfRange.Count == 0 ? MetricsListener.EndPoint(options) : null));
            }
        }

        return problems;
    }

    private static void Try(List<string> problems, Action action)
    {
        try
        {
            action();
        }
        catch (P2PShareException e)
        {
            problems.Add(e.Message);
        }
    }

    private static IEnumerable<string> FindPortProblems(TrackerAddress address, IPEndPoint? metrics)
    {
        var host = IPAddress.TryParse(address.Host, out var parsed) ? parsed
            : address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
            : IPAddress.IPv6Any;
        if (FindPortProblem(new IPEndPoint(host, address.Port)) is { } ofTracker)
        {
            yield return $"The tracker cannot listen on {address.Authority}: {ofTracker}";
        }

        if (metrics is not null && FindPortProblem(metrics) is { } ofMetrics)
        {
            yield return $"The tracker cannot listen on {metrics}, which {TrackerOptions.Section}:{nameof(TrackerOptions.MetricsAddress)} is: {ofMetrics}";
        }
    }

    private static string? FindPortProblem(IPEndPoint endPoint)
    {
        try
        {
            using var listener = new TcpListener(endPoint);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                listener.Server.DualMode = true;
            }

            listener.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "another program listens there.",
                SocketError.AddressNotAvailable => "that is not an address of this machine.",
                SocketError.AccessDenied => "the system does not allow that port. Choose one above 1023.",
                _ => $"{e.Message.TrimEnd('.')}.",
            };
        }
    }

    private static async Task<bool> IsRunningAsync(TrackerAddress address, ServingCertificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        try
        {
            using var deadline = new CancellationTokenSource(Patience);
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, deadline.Token);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = address.Host,
                    RemoteCertificateValidationCallback = (_, shown, _, _) =>
                        shown is X509Certificate2 its && CertificateHashes.Fingerprint(its) == certificate.Fingerprint,
                },
                deadline.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or System.Security.Authentication.AuthenticationException or OperationCanceledException)
        {
            return false;
        }
    }
}
