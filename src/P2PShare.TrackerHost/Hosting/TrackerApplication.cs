using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>A tracker that listens, until it is disposed.</summary>
internal sealed class TrackerApplication : IAsyncDisposable
{
    /// <summary>Greatest request body in bytes, announces excepted.</summary>
    public const int MaxRequestBody = 1024 * 1024;

    private readonly WebApplication _web;
    private readonly TrackerDatabase _database;
    private readonly ServingCertificate _certificate;

    private TrackerApplication(WebApplication web, TrackerDatabase database, ServingCertificate certificate)
    {
        _web = web;
        _database = database;
        _certificate = certificate;
        var addresses = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Port = BindingAddress.Parse(addresses.First()).Port;
        MetricsPort = BindingAddress.Parse(addresses.Last()).Port;
    }

    /// <summary>The port it really listens on.</summary>
    public int Port { get; }

    /// <summary>The port of <c>/metrics</c>, where the options have one.</summary>
    public int MetricsPort { get; }

    /// <summary>Of its certificate's public key.</summary>
    public Hash256 Fingerprint => _certificate.Fingerprint;

    /// <inheritdoc cref="ServingCertificate.FingerprintChanged"/>
    public event Action<Hash256>? FingerprintChanged
    {
        add => _certificate.FingerprintChanged += value;
        remove => _certificate.FingerprintChanged -= value;
    }

    public IServiceProvider Services => _web.Services;

    /// <summary>Starts a tracker and returns when it listens.</summary>
    /// <param name="configure">Adds what the program has beyond this: configuration, logging.</param>
    /// <exception cref="P2PShareException">It cannot start; the message says why.</exception>
    public static async Task<TrackerApplication> StartAsync(
        TrackerOptions options, TimeProvider clock, Action<WebApplicationBuilder>? configure, CancellationToken cancellationToken)
    {
        options.Check();
        CreateDataFolder(options.DataPath);
        var database = await TrackerDatabase.OpenAsync(options, cancellationToken);
        ServingCertificate? certificate = null;
        WebApplication? web = null;
        try
        {
            certificate = ServingCertificate.Load(options, clock);
            var identity = await TrackerIdentity.LoadOrCreateAsync(database, cancellationToken);
            var keys = await TicketKeys.LoadOrCreateAsync(identity.Id, database, options, clock, cancellationToken);
            web = Build(options, clock, database, certificate, identity, keys, configure);
            database.Metrics = web.Services.GetRequiredService<TrackerMetrics>();
            database.Logger = web.Services.GetRequiredService<ILogger<TrackerDatabase>>();
            await ListenAsync(web, options, cancellationToken);
            return new TrackerApplication(web, database, certificate);
        }
        catch
        {
            if (web is not null)
            {
                await web.DisposeAsync();
            }

            certificate?.Dispose();
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Says that it is not ready, for balancers to leave, and goes on as before for <see cref="TrackerOptions.DrainTime"/>.</summary>
    public Task DrainAsync(CancellationToken cancellationToken)
    {
        Services.GetRequiredService<Readiness>().Leave();
        return Task.Delay(Services.GetRequiredService<TrackerOptions>().DrainTime, cancellationToken);
    }

    /// <summary>Accepts nothing more, answers what is under way, within <see cref="TrackerOptions.ShutdownTimeout"/>, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        await _database.DisposeAsync();
        _certificate.Dispose();
    }

    private static void CreateDataFolder(string path)
    {
        try
        {
            PrivateFile.CreateFolder(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(
                ErrorCode.PathUnwritable,
                $"The tracker's data folder '{path}' cannot be created: {e.Message.TrimEnd('.')}. Choose another with Tracker:DataPath.",
                e);
        }
    }

    private static WebApplication Build(
        TrackerOptions options,
        TimeProvider clock,
        TrackerDatabase database,
        ServingCertificate certificate,
        TrackerIdentity identity,
        TicketKeys keys,
        Action<WebApplicationBuilder>? configure)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(TrackerApplication).Assembly.GetName().Name });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.SetLimits(options);
            Listen(kestrel, options, endpoint =>
            {
                endpoint.LimitPerAddress(kestrel.ApplicationServices.GetRequiredService<AddressConnections>(), TrustedProxies.Networks(options));
                certificate.Serve(endpoint);
            });
            kestrel.ListenForMetrics(options);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        // Signals are the program's business; a tracker inside a test has none.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();

        builder.Services.AddSingleton(options).AddSingleton(clock).AddSingleton(database).AddSingleton(identity).AddSingleton(keys);
        builder.Services.AddSingleton(certificate).AddSingleton<Readiness>().AddHostedService<CertificateWatch>();
        builder.Services.AddRouting();
        builder.Services.AddProblems();
        builder.Services.AddTrackerJson();
        builder.Services.AddTrackerOpenApi();
        builder.Services.AddSingleton<Audit>().AddSingleton<AddressConnections>();
        builder.Services.AddRateLimits(options);
        builder.Services.AddAccounts();
        builder.Services.AddSingleton<GroupStore>().AddSingleton<SourceCounts>().AddSingleton<FileStore>();
        builder.Services.AddSingleton<PeerStore>().AddSingleton<LastSeen>().AddHostedService(services => services.GetRequiredService<LastSeen>());
        builder.Services.AddHostedService<Housekeeping>();
        builder.Services.AddSingleton<EventFeed>().AddHostedService(services => services.GetRequiredService<EventFeed>());
        configure?.Invoke(builder);
        builder.AddMetricsExport(options);

        var app = builder.Build();
        app.UseMetricsListener(options);
        app.UseMetrics();
        app.UseTrustedProxies(options);
        app.UseProblems();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.MapAccounts();
        app.MapSessions();
        app.MapGroups();
        app.MapJoinRequests();
        app.MapFiles();
        app.MapPeers();
        app.MapSources();
        app.MapEvents();
        app.MapTicketKeys();
        app.MapHealth();
        // There is one version; another name would be answered with plain text.
        app.MapOpenApi("/openapi/v1.json").AllowAnonymous();
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, TrackerOptions options, Action<ListenOptions> https)
    {
        if (IPAddress.TryParse(options.Host, out var address))
        {
            kestrel.Listen(address, options.Port, https);
        }
        else if (options.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            kestrel.ListenLocalhost(options.Port, https);
        }
        else
        {
            // A name stands for whatever reaches this machine under it, perhaps through a translated address.
            kestrel.ListenAnyIP(options.Port, https);
        }
    }

    private static async Task ListenAsync(WebApplication web, TrackerOptions options, CancellationToken cancellationToken)
    {
        var authority = new TrackerAddress(options.Host, options.Port).Authority;
        try
        {
            await web.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException && MetricsListener.EndPoint(options) is { Port: not 0 } metrics && e.Message.Contains($"{metrics}:", StringComparison.Ordinal))
        {
            throw new P2PShareException(
                ErrorCode.PortInUse, $"{TrackerOptions.Section}:{nameof(TrackerOptions.MetricsAddress)} is {metrics}, which another program listens on: choose another port.", e);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new P2PShareException(
                ErrorCode.PortInUse, $"Port {options.Port} of {options.Host} is in use: another program, perhaps another tracker, listens on {authority}.", e);
        }
        catch (Exception e) when (e is SocketException or IOException { InnerException: SocketException })
        {
            var reason = (e as SocketException ?? (SocketException)e.InnerException!).SocketErrorCode switch
            {
                SocketError.AddressNotAvailable => $"{options.Host} is not an address of this machine. Check the line of the tracker file and the tracker number",
                SocketError.AccessDenied => $"the system does not allow port {options.Port}. Choose a port above 1023",
                _ => e.Message.TrimEnd('.'),
            };
            throw new P2PShareException(ErrorCode.TrackerUnreachable, $"The tracker cannot listen on {authority}: {reason}.", e);
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
