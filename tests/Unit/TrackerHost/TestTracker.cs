using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.Unit.TrackerHost;

/// <summary>A whole tracker in this process: real HTTPS on a free loopback port, real SQLite in a folder of its own.</summary>
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

    /// <summary>Starts one. A data path that <paramref name="configure"/> sets is the caller's to delete.</summary>
    public static async Task<TestTracker> StartAsync(Action<TrackerOptions>? configure = null, TimeProvider? clock = null)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"p2pshare-tracker-{Guid.NewGuid():N}");
        // As strong as in production would be as slow: the rounds are tested once, in PasswordHashTests.
        var options = new TrackerOptions { DataPath = folder, PasswordIterations = 1000 };
        configure?.Invoke(options);
        var application = await TrackerApplication.StartAsync(options, clock ?? TimeProvider.System, configure: null, CancellationToken.None);
        return new TestTracker(application, options.DataPath, options.DataPath == folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(DataPath, recursive: true);
        }
    }
}
