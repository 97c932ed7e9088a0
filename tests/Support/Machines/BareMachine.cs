using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>
/// A machine that a person has just installed: systemd as its first process, D-Bus, a few programs, a network with the loopback address only,
/// and no .NET. It is made of namespaces of the kernel and needs root. All that runs on it ends with it.
/// </summary>
internal sealed class BareMachine : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    // Programs of Debian's essential packages, of systemd and of D-Bus that are used here, and curl.
    private static readonly string[] Programs =
    [
        "sh", "bash", "base64", "cat", "chmod", "cp", "curl", "date", "dbus-daemon", "env", "grep", "gzip", "head", "id", "install", "journalctl", "ln",
        "ls", "mkdir", "mv", "rm", "stat", "systemctl", "systemd-run", "tar", "touch", "umount",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly string _controlGroup;
    private readonly Process _process;
    private readonly Task<string> _output;

    private BareMachine(string controlGroup, string files)
    {
        _controlGroup = controlGroup;
        var root = Directory.CreateDirectory(_folder.Combine("root")).FullName;
        // The control group has to be the process's own before it becomes the root that systemd sees.
        var start = new ProcessStartInfo(
            "sh",
            [
                "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", controlGroup,
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc", "--cgroup",
                "bash", Repository.Combine("tests", "Support", "Machines", "bare-machine.sh"), root, files, .. Programs,
            ])
        {
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _output = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The reason why this machine cannot have one; null if it can.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <param name="files">Folder whose content root finds in its home.</param>
    public static async Task<BareMachine> StartAsync(string files)
    {
        var controlGroup = Directory.CreateDirectory(Path.Combine(FindControlGroups()!, $"p2pshare-test-{Guid.NewGuid():N}")).FullName;
        var machine = new BareMachine(controlGroup, files);
        try
        {
            await Eventually.HoldsAsync(
                async () => machine._process.HasExited ? throw new InvalidOperationException(await machine._output) : await machine.IsRunningAsync(),
                "systemd is ready",
                Deadline);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script as root in its home, as at a terminal of the machine: it ends at the first command that fails.</summary>
    public Task<ProcessOutput> RunAsync(string script) => ProcessOutput.RunAsync(
        "nsenter",
        [
            "--target", FirstProcess(), "--all",
            "env", "-i", "-C", "/root", "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
            "bash", "-e", "-c", script,
        ]);

    /// <summary>A file of the machine as this process sees it.</summary>
    public string PathOf(string path) => $"/proc/{FirstProcess()}/root{path}";

    public async ValueTask DisposeAsync()
    {
        // Ends all processes of the machine.
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await Eventually.HoldsAsync(() => TryRemoveControlGroup(_controlGroup), "the machine's processes have ended");
        _folder.Dispose();
    }

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || UnixFile.UserId != 0)
        {
            return "It needs Linux and root, to start a machine of its own.";
        }

        string[] needed = [.. Programs, "unshare", "nsenter", "ip", "pivot_root"];
        var absent = needed.Where(name => ProgramPath.Find(name, "/usr/sbin") is null).ToList();
        return absent.Count > 0 ? $"Not installed: {string.Join(", ", absent)}."
            : !File.Exists("/usr/lib/systemd/systemd") ? "systemd is not installed."
            : FindControlGroups() is null ? "There are no control groups of version 2 that can be written to."
            : !CommandProbe.Succeeds("unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "true") ? "Namespaces cannot be made here."
            : null;
    }

    private static string? FindControlGroups() => File.ReadLines("/proc/mounts")
        .Select(line => line.Split(' '))
        .Where(words => words[2] == "cgroup2" && words[3].Split(',')[0] == "rw")
        .Select(words => words[1])
        .FirstOrDefault();

    // The files of a control group cannot be deleted, and need not be.
    private static bool TryRemoveControlGroup(string path)
    {
        try
        {
            foreach (var folder in Directory.GetDirectories(path))
            {
                TryRemoveControlGroup(folder);
            }

            return CommandProbe.Succeeds("rmdir", path);
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
    }

    private async Task<bool> IsRunningAsync() =>
        FindFirstProcess() is not null && (await RunAsync("systemctl is-active --quiet bare.target dbus.service")).ExitCode == 0;

    private string FirstProcess() => FindFirstProcess() ?? throw new InvalidOperationException("The machine has ended.");

    /// <summary>systemd, as this process numbers it; null if it does not run (yet).</summary>
    private string? FindFirstProcess()
    {
        var path = Path.Combine(_controlGroup, "init.scope", "cgroup.procs");
        return File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;
    }
}
