using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Support;

/// <summary>A whole tracker in this process: real HTTPS on a free loopback port, a real database of its own.</summary>
internal sealed class TestTracker : IAsyncDisposable
{
    private readonly bool _ownsFolder;
    private readonly TrackerApplication _application;

    private readonly TestTrackerOptions _options;

    private TestTracker(TrackerApplication application, TestTrackerOptions options, bool ownsFolder)
    {
        _application = application;
        _options = options;
        _ownsFolder = ownsFolder;
        Address = new TrackerAddress("127.0.0.1", application.Port, application.Fingerprint);
    }

    /// <summary>The address, with the fingerprint to pin.</summary>
    public TrackerAddress Address { get; }

    /// <summary>The port of <c>/metrics</c>, if its options set one.</summary>
    public int MetricsPort => _application.MetricsPort;

    public TrackerApplication Application => _application;

    public string DataPath => _options.DataPath;

    public IServiceProvider Services => _application.Services;

    public TrackerDatabase Database => Services.GetRequiredService<TrackerDatabase>();

    /// <summary>
    /// Starts one on the test's database. Those with the same data path are instances of one tracker; a data path that
    /// <paramref name="configure"/> sets is the caller's to delete.
    /// </summary>
    public static async Task<TestTracker> StartAsync(Action<TestTrackerOptions>? configure = null, TimeProvider? clock = null, ILoggerProvider? log = null)
    {
        var options = new TestTrackerOptions();
        var folder = options.DataPath;
        configure?.Invoke(options);
        if (options.ConnectionString is null)
        {
            await TestDatabase.ConfigureAsync(options);
        }

        return await StartAsync(options, options.DataPath == folder, clock, log);
    }

    /// <summary>Starts another instance of a tracker, with a separate data folder unless the database is in it.</summary>
    public static async Task<TestTracker> StartBesideAsync(
        TestTracker other, Action<TestTrackerOptions>? configure = null, TimeProvider? clock = null, ILoggerProvider? log = null)
    {
        var options = new TestTrackerOptions();
        (options.Database, options.ConnectionString) = (other._options.Database, other._options.ConnectionString);
        var sharesFolder = options.Database == DatabaseKind.Sqlite;
        if (sharesFolder)
        {
            options.DataPath = other.DataPath;
        }

        configure?.Invoke(options);
        return await StartAsync(options, !sharesFolder, clock, log);
    }

    /// <summary>Changes the database behind the tracker's back.</summary>
    public Task ExecuteAsync(string sql) => Database.WriteAsync(connection => connection.ExecuteAsync(sql), CancellationToken.None);

    public Task<long> CountAsync(string table) =>
        Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>($"SELECT COUNT(*) FROM {table}"), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(DataPath, recursive: true);
            await TestDatabase.DropAsync(DataPath);
        }
    }

    private static async Task<TestTracker> StartAsync(TestTrackerOptions options, bool ownsFolder, TimeProvider? clock, ILoggerProvider? log = null) => new(
        await TrackerApplication.StartAsync(
            new TrackerAddress("127.0.0.1", options.Port),
            options.ToConfiguration(),
            clock ?? TimeProvider.System,
            builder => Configure(builder, options, log),
            _ => { },
            CancellationToken.None),
        options,
        ownsFolder);

    private static void Configure(WebApplicationBuilder builder, TestTrackerOptions options, ILoggerProvider? log)
    {
        builder.Services.Configure<AccountOptions>(accounts => accounts.PasswordIterations = options.PasswordIterations);
        builder.Services.Configure<CertificateOptions>(certificates => certificates.CertificateInterval = options.CertificateInterval ?? certificates.CertificateInterval);
        if (log is not null)
        {
            builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        }
    }
}
