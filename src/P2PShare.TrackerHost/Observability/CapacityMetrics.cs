using System.Diagnostics.Metrics;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Observability;

/// <summary>The gauges of what can run out: connections, memory and disk, and of the age of the last backup.</summary>
internal sealed class CapacityMetrics
{
    private readonly string _dataPath;
    private readonly TimeProvider _clock;

    public CapacityMetrics(IMeterFactory meters, ConnectionOptions connections, StorageOptions storage, TimeProvider clock)
    {
        (_dataPath, _clock) = (Path.GetFullPath(storage.DataPath), clock);
        var meter = meters.Create(TrackerMeter.Name);
        meter.CreateObservableGauge("p2pshare.tracker.connections.limit", () => connections.Connections, "{connection}", "Connections that this instance accepts at once.");
        // Of the control group, such as MemoryMax of the unit, or of the machine.
        meter.CreateObservableGauge(
            "p2pshare.tracker.memory.limit", () => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, "By", "Memory that this instance may use.");
        meter.CreateObservableGauge("p2pshare.tracker.disk.free", () => Measure(drive => drive.AvailableFreeSpace), "By", "Free space where the data folder is.");
        meter.CreateObservableGauge("p2pshare.tracker.disk.size", () => Measure(drive => drive.TotalSize), "By", "Size of the file system where the data folder is.");
        meter.CreateObservableGauge("p2pshare.tracker.backup.age", MeasureBackup, "s", "Time since the last backup by the command 'backup'.");
    }

    // A file system that cannot be asked reports nothing.
    private IEnumerable<Measurement<long>> Measure(Func<DriveInfo, long> value)
    {
        try
        {
            return [new Measurement<long>(value(new DriveInfo(_dataPath)))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private IEnumerable<Measurement<double>> MeasureBackup() =>
        SqliteBackup.FindLast(_dataPath) is { } last ? [new Measurement<double>((_clock.GetUtcNow() - last).TotalSeconds)] : [];
}
