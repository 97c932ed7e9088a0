using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Files;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Http;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>A tracker that listens, until it is disposed.</summary>
internal sealed class TrackerApplication : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly TrackerDatabase _database;
    private readonly ServingCertificate _certificate;

    // Of lines that end with LF alone, a proxy and a server may see different requests (RFC 9112, sections 2.2 and 11.2).
    static TrackerApplication() => AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);

    private TrackerApplication(WebApplication web, TrackerDatabase database, ServingCertificate certificate)
    {
        _web = web;
        _database = database;
        _certificate = certificate;
        var addresses = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Port = BindingAddress.Parse(addresses.First()).Port;
        MetricsPort = BindingAddress.Parse(addresses.Last()).Port;
    }

    /// <summary>The port it listens on, also if a free one was asked for.</summary>
    public int Port { get; }

    /// <summary>The port of <c>/metrics</c>, if the configuration has one.</summary>
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
    /// <param name="address">What to listen on: an IP address of this machine, <c>localhost</c>, or a name; port 0 takes a free one.</param>
    /// <param name="clock">A <see cref="DatabaseTime"/> follows the database's time.</param>
    /// <param name="configure">Adds what the program has beyond this, such as logging.</param>
    /// <param name="report">Receives a sentence now and then while the database's tables are brought up to date.</param>
    /// <exception cref="P2PShareException">It cannot start; the message says why.</exception>
    public static async Task<TrackerApplication> StartAsync(
        TrackerAddress address,
        IConfiguration configuration,
        TimeProvider clock,
        Action<WebApplicationBuilder>? configure,
        Action<string> report,
        CancellationToken cancellationToken)
    {
        await using var options = TrackerSettings.Check(configuration);
        var storage = options.GetRequiredService<StorageOptions>();
        CreateDataFolder(storage.DataPath);
        var database = await TrackerDatabase.OpenAsync(storage, clock, report, cancellationToken);
        ServingCertificate? certificate = null;
        WebApplication? web = null;
        try
        {
            if (clock is DatabaseTime unmeasured)
            {
                await unmeasured.MeasureAsync(database, cancellationToken);
            }

            certificate = ServingCertificate.Load(options.GetRequiredService<CertificateOptions>(), storage.DataPath, clock);
            var identity = await TrackerIdentity.LoadOrCreateAsync(database, cancellationToken);
            var keys = await TicketKeys.LoadOrCreateAsync(identity.Id, database, options.GetRequiredService<TicketOptions>(), clock, cancellationToken);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(TrackerApplication).Assembly.GetName().Name });
            builder.Configuration.AddConfiguration(configuration);
            builder.Services.AddSingleton(clock).AddSingleton(database).AddSingleton(certificate).AddSingleton(identity).AddSingleton(keys);
            if (clock is DatabaseTime time)
            {
                builder.Services.AddSingleton(time).AddHostedService<ClockWatch>();
            }

            web = Build(builder, options, address, certificate, configure);
            await ListenAsync(web, address, options.GetRequiredService<ObservabilityOptions>(), cancellationToken);
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

    /// <summary>Reports that it is not ready, so that balancers leave, and continues to serve for <see cref="LifetimeOptions.DrainTime"/>.</summary>
    public Task DrainAsync(CancellationToken cancellationToken)
    {
        Services.GetRequiredService<ReadinessCheck>().StartDraining();
        return Task.Delay(Services.GetRequiredService<LifetimeOptions>().DrainTime, Services.GetRequiredService<TimeProvider>(), cancellationToken);
    }

    /// <summary>Accepts nothing more, answers what is under way, within <see cref="LifetimeOptions.ShutdownTimeout"/>, then ends.</summary>
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
        WebApplicationBuilder builder, ServiceProvider options, TrackerAddress address, ServingCertificate certificate, Action<WebApplicationBuilder>? configure)
    {
        var connections = options.GetRequiredService<ConnectionOptions>();
        var observability = options.GetRequiredService<ObservabilityOptions>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.SetLimits(connections);
            Listen(kestrel, address, endpoint =>
            {
                endpoint.LimitPerAddress(kestrel.ApplicationServices.GetRequiredService<AddressConnections>(), connections.GetTrustedNetworks());
                var handshakes = kestrel.ApplicationServices.GetRequiredService<Handshakes>();
                handshakes.Limit(endpoint);
                certificate.Serve(endpoint, connections.HandshakeTimeout);
                handshakes.End(endpoint);
            });
            kestrel.ListenForMetrics(observability);
        });
        builder.Services.Configure<SocketTransportOptions>(ConnectionLimits.SetLimits);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.GetRequiredService<LifetimeOptions>().ShutdownTimeout);
        // Signals are the program's business; a tracker inside a test has none.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();

        builder.Services.AddTrackerOptions(builder.Configuration);
        builder.Services.AddRouting();
        builder.Services.AddRequestIds();
        builder.Services.AddProblems();
        builder.Services.AddTrackerJson();
        builder.Services.AddTrackerOpenApi();
        builder.Services.AddListCompression();
        builder.Services.AddSingleton<Audit>().AddSingleton<AddressConnections>().AddSingleton<Handshakes>().AddSingleton<RequestMetrics>().AddSingleton<WorkLimits>();
        builder.Services.AddSingleton<DatabaseMonitor>().AddSingleton<CapacityMetrics>().AddSingleton<CertificateMetrics>().AddSingleton<EventMetrics>();
        builder.Services.AddRateLimits(options.GetRequiredService<RateLimitOptions>());
        builder.AddHealth();
        builder.Services.AddAccounts();
        builder.Services.AddSingleton<GroupService>().AddSingleton<MemberService>().AddSingleton<JoinRequestService>();
        builder.Services.AddSingleton<SourceCounts>().AddSingleton<FileService>();
        builder.Services.AddSingleton<PeerService>().AddSingleton<OnlinePeers>().AddSingleton<LastSeenWriter>().AddHostedService(services => services.GetRequiredService<LastSeenWriter>());
        builder.Services.AddSingleton<DialService>().AddSingleton<DialMetrics>().AddSingleton<DialStreams>().AddHostedService(services => services.GetRequiredService<DialStreams>());
        builder.Services.AddSingleton<EventFeed>().AddHostedService(services => services.GetRequiredService<EventFeed>()).AddHostedService<EventDelay>();
        builder.Services.AddHostedService<MemoryRelease>().AddHostedService<CertificateWatch>().AddHostedService<Purge>();
        configure?.Invoke(builder);
        builder.AddTelemetryExport(observability);
        if (TelemetryExport.HasMetrics(builder, observability))
        {
            builder.Services.AddHostedService(services => services.GetRequiredService<OnlinePeers>());
        }

        var app = builder.Build();
        // They listen and measure from now on.
        app.Services.GetRequiredService<DatabaseMonitor>();
        app.Services.GetRequiredService<CapacityMetrics>();
        app.Services.GetRequiredService<CertificateMetrics>();
        app.Services.GetRequiredService<EventMetrics>();
        app.Services.GetRequiredService<DialMetrics>();
        app.UseRequestIds();
        app.UseMetricsListener(observability);
        app.UseMetrics();
        app.UseTrustedProxies(connections);
        app.CountFailures();
        app.UseProblems();
        app.RefuseOldVersions();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.UseListCosts();
        app.Use(next => context => context.RequestServices.GetRequiredService<WorkLimits>().RunAsync(context, next));
        app.UseListCompression();
        app.MapAccounts();
        app.MapSessions();
        app.MapGroups();
        app.MapMembers();
        app.MapJoinRequests();
        app.MapFiles();
        app.MapPeers();
        app.MapSources();
        app.MapDials();
        app.MapEvents();
        app.MapTicketKeys();
        app.MapHealth();
        app.MapDescription();
        app.MapPackages();
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, TrackerAddress tracker, Action<ListenOptions> https)
    {
        if (IPAddress.TryParse(tracker.Host, out var address))
        {
            kestrel.Listen(address, tracker.Port, https);
        }
        else if (tracker.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            kestrel.ListenLocalhost(tracker.Port, https);
        }
        else
        {
            // Clients may reach this machine under a name through a translated address.
            kestrel.ListenAnyIP(tracker.Port, https);
        }
    }

    private static async Task ListenAsync(WebApplication web, TrackerAddress address, ObservabilityOptions options, CancellationToken cancellationToken)
    {
        var authority = new TrackerAddress(address.Host, address.Port).Authority;
        try
        {
            await web.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException && options.GetMetricsEndPoint() is { Port: not 0 } metrics && e.Message.Contains($"{metrics}:", StringComparison.Ordinal))
        {
            throw new P2PShareException(
                ErrorCode.PortInUse, $"{TrackerSettings.Section}:{nameof(ObservabilityOptions.MetricsAddress)} is {metrics}, which another program listens on: choose another port.", e);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new P2PShareException(
                ErrorCode.PortInUse, $"Port {address.Port} of {address.Host} is in use: another program, perhaps another tracker, listens on {authority}.", e);
        }
        catch (Exception e) when (e is SocketException or IOException { InnerException: SocketException })
        {
            var reason = (e as SocketException ?? (SocketException)e.InnerException!).SocketErrorCode switch
            {
                SocketError.AddressNotAvailable => $"{address.Host} is not an address of this machine. Check the line of the tracker file and the tracker number",
                SocketError.AccessDenied => $"the system does not allow port {address.Port}. Choose a port above 1023",
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
