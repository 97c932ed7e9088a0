namespace P2PShare.Bench.Delta;

/// <summary>What the figures of an update are of, as tables and rows name it.</summary>
internal static class Units
{
    public const string Time = "s";

    /// <summary>Of the same round; what the other is depends on the case.</summary>
    public const string TimeRatio = "time ×";

    public const string Line = "MB on the line";
    public const string LineRatio = "line × changed leaves";
    public const string ChunkRatio = "line × missing chunks";
    public const string Seed = "MB the seed sent";
    public const string SeedRatio = "seed × changed leaves";
    public const string Disk = "MB on disk";
    public const string DiskRatio = "disk × changed leaves";
    public const string Processor = "CPU s";

    /// <summary>The columns of a table between the time and the processor's details.</summary>
    public static IReadOnlyList<string> Columns { get; } = [TimeRatio, Line, LineRatio, ChunkRatio, Seed, SeedRatio, Disk, DiskRatio, Processor];
}
