using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>--validate</c>: reports all that would keep a tracker from starting, or from working well, and changes nothing.</summary>
internal static class ValidateCommand
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

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
        Try(problems, () => address = TrackerLine.Read(info, number));
        IConfigurationRoot? configuration = null;
        Try(problems, () => configuration = TrackerSettings.ReadConfiguration(settings));
        if (configuration is null)
        {
            return problems;
        }

        using var options = TrackerSettings.Bind(configuration, out var wrong);
        problems.AddRange(wrong);
        if (TryGet<StorageOptions>(options) is not { } storage)
        {
            return problems;
        }

        problems.AddRange(DataFolder.FindProblems(storage.DataPath));
        ServingCertificate? certificate = null;
        // If those are wrong, the tracker's own certificate is checked all the same.
        var files = TryGet<CertificateOptions>(options) ?? new CertificateOptions();
        if (files.CertificatePath is not null || File.Exists(Path.Combine(storage.DataPath, TrackerCertificate.FileName)))
        {
            Try(problems, () => certificate = ServingCertificate.Load(files, storage.DataPath, TimeProvider.System));
        }

        using (certificate)
        {
            var now = TimeProvider.System.GetUtcNow();
            if (certificate is not null && (certificate.Expires <= now || certificate.Begins > now))
            {
                problems.Add($"The certificate is valid from {certificate.Begins:u} to {certificate.Expires:u} only, which is not now: clients that have not pinned its fingerprint refuse it.");
            }

            if (await SchemaVersion.FindProblemAsync(storage) is { } ofDatabase)
            {
                problems.Add(ofDatabase);
            }

            // If this tracker runs already, it uses the ports itself.
            if (address is not null && !await IsRunningAsync(address, certificate))
            {
                problems.AddRange(FindPortProblems(address, TryGet<ObservabilityOptions>(options)?.GetMetricsEndPoint()));
            }
        }

        return problems;
    }

    /// <returns>Null if they are not valid.</returns>
    private static TOptions? TryGet<TOptions>(ServiceProvider options)
        where TOptions : class
    {
        try
        {
            return options.GetRequiredService<TOptions>();
        }
        catch (OptionsValidationException)
        {
            return null;
        }
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
            yield return $"The tracker cannot listen on {metrics}, which {TrackerSettings.Section}:{nameof(ObservabilityOptions.MetricsAddress)} is: {ofMetrics}";
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
            using var deadline = new CancellationTokenSource(ConnectTimeout);
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
