using System.Diagnostics;
using System.Globalization;

namespace P2PShare.Support;

/// <summary>
/// The file system of a stage of a Dockerfile, made without a container engine and without its base image: a folder with what the steps put there,
/// over this machine's own system. Its commands run in namespaces of the kernel, which need root.
/// </summary>
internal sealed class ImageStage
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly string _root;
    private readonly string _base;

    /// <param name="runtime">Folder of a .NET runtime, for a base image that has no SDK; null: the SDK of this machine.</param>
    public ImageStage(string root, string? runtime)
    {
        (_root, _base) = (root, runtime ?? "sdk");
        Directory.CreateDirectory(root);
        UnixFile.SetMode(root, "0755");
    }

    /// <summary>The reason why this machine cannot run a stage; null if it can.</summary>
    public static string? Missing { get; } = FindMissing();

    public string User { get; set; } = "0";

    public string WorkingFolder { get; set; } = "/";

    /// <summary>ENV; only they and PATH and HOME exist in a stage without the SDK.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>A path in the stage as this process sees it.</summary>
    public string PathOf(string path) => Path.Combine(_root, Path.Combine(WorkingFolder, path).TrimStart('/'));

    /// <summary>Runs a command to its end, as a step or as a program.</summary>
    public Task<ProcessOutput> RunAsync(params string[] command)
    {
        var line = Line([], command);
        return ProcessOutput.RunAsync(line[0], line[1..], within: Deadline);
    }

    /// <summary>Starts a container: the command is its first process, and has a network with the loopback address alone.</summary>
    public Process Start(params string[] command)
    {
        var line = Line(["--net"], command);
        return Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }

    /// <summary>The first process of a container, as this process numbers it; null as long as there is none.</summary>
    public static int? FindFirstProcess(Process container)
    {
        var children = File.ReadAllText($"/proc/{container.Id}/task/{container.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return children.Length == 0 ? null : int.Parse(children[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Runs a command in a container, as its user.</summary>
    public Task<ProcessOutput> ExecuteAsync(int firstProcess, params string[] command) => ProcessOutput.RunAsync(
        "nsenter",
        [
            $"--target={firstProcess}", "--mount", "--pid", "--net", $"--root=/proc/{firstProcess}/root", $"--setuid={User}", $"--setgid={User}",
            .. command,
        ]);

    private string[] Line(string[] namespaces, string[] command) =>
    [
        .. _base == "sdk" ? Array.Empty<string>() : ["env", "-i", "PATH=/usr/sbin:/usr/bin:" + System.Environment.GetEnvironmentVariable("PATH")],
        "unshare", "--mount", "--pid", "--fork", "--kill-child", .. namespaces,
        "bash", Repository.Combine("tests", "Support", "Machines", "image-step.sh"), _root, _base, User, WorkingFolder,
        "env", .. Environment.Select(variable => $"{variable.Key}={variable.Value}"), .. command,
    ];

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux() || UnixFile.UserId != 0)
        {
            return "It needs Linux and root, to run steps in a file system of their own.";
        }

        string[] needed = ["bash", "unshare", "nsenter", "chroot", "ip"];
        var absent = needed.Where(name => ProgramPath.Find(name, "/usr/sbin") is null).ToList();
        return absent.Count > 0 ? $"Not installed: {string.Join(", ", absent)}."
            : !CommandProbe.Succeeds("unshare", "--mount", "--pid", "--fork", "--net", "true") ? "Namespaces cannot be made here."
            : null;
    }
}
