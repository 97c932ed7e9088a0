using System.Diagnostics;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Copy.Subjects;

/// <summary>A program of SSH that copies to one target after the other.</summary>
/// <param name="program">scp or rsync.</param>
internal sealed class LoopSubject(Lab lab, string program) : Subject(lab)
{
    public override Task PrepareAsync(string path, CancellationToken cancellationToken) => Task.CompletedTask;

    public override async Task<double> CopyAsync(string path, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        foreach (var target in Lab.Targets)
        {
            await using var child = Lab.Sender.Start(InstalledProgram.Get(program), ArgumentsFor(target, path));
            await child.CompleteAsync(cancellationToken);
        }

        return watch.Elapsed.TotalSeconds;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IEnumerable<string> ArgumentsFor(CopyTarget target, string path) => program switch
    {
        "scp" => [.. target.Server.ClientOptions, path, target.PlaceOf(target.Folder)],
        "rsync" => ["--whole-file", "--rsh", $"ssh {string.Join(' ', target.Server.ClientOptions)}", path, target.PlaceOf(target.Folder)],
        _ => throw new BenchException($"'{program}' is no program that copies."),
    };
}
