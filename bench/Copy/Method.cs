using P2PShare.Bench.Copy.Subjects;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Copy;

/// <summary>A way to copy, as the table names it.</summary>
/// <param name="Programs">What it needs beside PowerShell.</param>
/// <param name="Create">Takes the lab and an empty folder.</param>
internal sealed record Method(string Name, IReadOnlyList<string> Programs, Func<Lab, string, Subject> Create)
{
    /// <summary>The one that the aims are about.</summary>
    public static Method Swarm { get; } = OfSessions("Copy-P2PItem", "Swarm");

    /// <summary>What people do today: the others are compared with it.</summary>
    public static Method CopyItem { get; } = OfSessions("Copy-Item in a loop", "Loop");

    public static IReadOnlyList<Method> All { get; } =
    [
        Swarm,
        CopyItem,
        OfSessions("Copy-Item in parallel", "Parallel"),
        new("scp in a loop", ["scp"], (lab, _) => new LoopSubject(lab, "scp")),
        new("rsync in a loop", ["rsync", "ssh"], (lab, _) => new LoopSubject(lab, "rsync")),
    ];

    /// <summary>The first of its programs that is not installed; null: all are.</summary>
    public string? FindMissing() => Programs.FirstOrDefault(program => InstalledProgram.Find(program) is null);

    private static Method OfSessions(string name, string method) => new(name, ["ssh"], (lab, folder) => new SessionSubject(lab, method, folder));
}
