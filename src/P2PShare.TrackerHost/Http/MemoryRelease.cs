using System.Runtime.InteropServices;

namespace P2PShare.TrackerHost.Http;

/// <summary>Gives memory back to the system after a herd of connections came or went, as <see cref="ConnectionSwing"/> decides.</summary>
internal sealed partial class MemoryRelease(Handshakes handshakes, TimeProvider clock, ILogger<MemoryRelease> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ConnectionSwing _swing = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = clock.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // Those of a herd are open at once; the garbage comes with their handshakes.
            var open = handshakes.Established;
            if (_swing.Observe(open, clock.GetElapsedTime(started)))
            {
                var begun = clock.GetTimestamp();
                Release();
                var took = clock.GetElapsedTime(begun);
                _swing.Released(clock.GetElapsedTime(started), took);
                MemoryReleased(took, open);
            }
        }
    }

    private static void Release()
    {
        // The buffers of connections are pinned or long-lived: without compacting, a few of them keep their regions.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        // OpenSSL's memory is the C library's, which keeps it. Others than glibc have no such function, and give it back themselves.
        if (OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "malloc_trim", out _))
        {
            _ = TrimHeap(0);
        }
    }

    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int TrimHeap(nuint kept);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Memory was given back within {Took}, with {Open} connections open.")]
    private partial void MemoryReleased(TimeSpan took, int open);
}
