using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>The reaper's own side: see <see cref="Reaper"/>.</summary>
internal static class ReaperRole
{
    public const string Name = "reaper";
    public const string WatchWord = "watch";
    public const string ReleaseWord = "release";

    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync()
    {
        // A signal to all processes of a terminal or a job is meant for the benchmark, which ends by it and with it this.
        PosixSignalRegistration[] ignored =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }
                .Select(signal => PosixSignalRegistration.Create(signal, context => context.Cancel = true)),
        ];
        var processes = new Dictionary<int, long?>();
        var left = new HashSet<(Leftover Kind, string Name)>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split('\t'))
            {
                case [WatchWord, nameof(Leftover.Process), var text] when int.TryParse(text, CultureInfo.InvariantCulture, out var id):
                    processes[id] = ProcessTree.StartTime(id);
                    break;
                case [ReleaseWord, nameof(Leftover.Process), var text] when int.TryParse(text, CultureInfo.InvariantCulture, out var id):
                    processes.Remove(id);
                    break;
                case [WatchWord, var kind, var name]:
                    left.Add((Enum.Parse<Leftover>(kind), name));
                    break;
                case [ReleaseWord, var kind, var name]:
                    left.Remove((Enum.Parse<Leftover>(kind), name));
                    break;
            }
        }

        await EndAsync(processes);

        // A process that started a moment ago was not announced yet, and one whose parent has ended is in no tree.
        await RepeatAsync(() =>
        {
            var marked = FindMarked().ToArray();
            Array.ForEach(marked, Kill);
            return marked.Length == 0;
        });
        foreach (var (_, name) in left.Where(leftover => leftover.Kind == Leftover.Namespace))
        {
            await RepeatAsync(() => DeleteNamespace(name));
        }

        foreach (var (_, path) in left.Where(leftover => leftover.Kind == Leftover.Folder))
        {
            await RepeatAsync(() => DeleteFolder(path));
        }

        Array.ForEach(ignored, registration => registration.Dispose());
    }

    private static async Task EndAsync(Dictionary<int, long?> processes)
    {
        // An id may be another process's by now.
        int[] Running() => [.. processes.Where(process => ProcessTree.StartTime(process.Key) == process.Value).Select(process => process.Key)];

        // First politely: one that has children ends them, and only it can wait for their end.
        Array.ForEach(Running(), Signal.Terminate);
        await RepeatAsync(() => Running().Length == 0);
        Array.ForEach(Running(), Kill);
    }

    private static async Task RepeatAsync(Func<bool> isDone)
    {
        for (var attempt = 0; attempt < Attempts && !isDone(); attempt++)
        {
            await Task.Delay(Pause);
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended.
        }
    }

    private static IEnumerable<int> FindMarked()
    {
        var mark = Encoding.UTF8.GetBytes($"{Reaper.MarkVariable}={Environment.GetEnvironmentVariable(Reaper.MarkVariable)}");
        return ProcessTree.AllIds().Where(id => id != Environment.ProcessId && ReadEnvironment(id).AsSpan().IndexOf(mark) >= 0);
    }

    private static byte[] ReadEnvironment(int id)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{id}/environ");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
            return [];
        }
    }

    private static bool DeleteNamespace(string name)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", ["netns", "delete", name]) { RedirectStandardError = true });
        process?.WaitForExit();
        return process?.ExitCode == 0;
    }

    private static bool DeleteFolder(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
