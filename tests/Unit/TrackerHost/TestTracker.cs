using Dapper;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;
using P2PShare.Unit.Databases;

namespace P2PShare.Unit.TrackerHost;

/// <summary>A whole tracker in this process: real HTTPS on a free loopback port, a real database of its own.</summary>
internal sealed class TestTracker : IAsyncDisposable
{
    private readonly bool _ownsFolder;
    private readonly TrackerApplication _application;

    private TestTracker(TrackerApplication application, string dataPath, bool ownsFolder)
    {
        _application = application;
        _ownsFolder = ownsFolder;
        DataPath = dataPath;
        Address = new TrackerAddress("127.0.0.1", application.Port, application.Fingerprint);
    }

    /// <summary>Where it listens, with the fingerprint to pin.</summary>
    public TrackerAddress Address { get; }

    public string DataPath { get; }

    public IServiceProvider Services => _application.Services;

    public TrackerDatabase Database => Services.GetRequiredService<TrackerDatabase>();

    /// <summary>
    /// Starts one on the test's database. Those with the same data path are instances of one tracker; a data path that
    /// <paramref name="configure"/> sets is the caller's to delete.
    /// </summary>
    public static async Task<TestTracker> StartAsync(Action<TrackerOptions>? configure = null, TimeProvider? clock = null)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"p2pshare-tracker-{Guid.NewGuid():N}");
        // As strong as in production would be as slow: the rounds are tested once, in PasswordHashTests.
        var options = new TrackerOptions { DataPath = folder, PasswordIterations = 1000 };
        configure?.Invoke(options);
        await TestDatabase.ConfigureAsync(options);
        var application = await TrackerApplication.StartAsync(options, clock ?? TimeProvider.System, configure: null, CancellationToken.None);
        return new TestTracker(application, options.DataPath, options.DataPath == folder);
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
}
