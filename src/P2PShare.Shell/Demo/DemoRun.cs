using System.Globalization;
using System.Management.Automation.Language;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace P2PShare.Shell.Demo;

/// <summary>
/// The main use on one machine: a tracker, Alice, who shares a file, and Bob, who receives it. The three processes find each other
/// through the tracker only.
/// </summary>
internal sealed class DemoRun
{
    private const long DefaultSize = 256L * 1024 * 1024;
    private const int InterruptedCode = 130;
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _module;
    private readonly string _folder;
    private readonly string _temporary;

    private DemoRun(string module, string folder)
    {
        _module = module;
        _folder = folder;
        _temporary = Folder("tmp");
    }

    /// <param name="path">The file to share; null: a new file of random bytes.</param>
    /// <param name="module">The module's manifest; the tracker's program is beside it.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string? path, string module)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = StopOn(PosixSignal.SIGINT, stop);
        using var terminate = StopOn(PosixSignal.SIGTERM, stop);
        using var hangUp = StopOn(PosixSignal.SIGHUP, stop);
        if (path is not null)
        {
            RequireReadable(path);
        }

        var folder = Directory.CreateTempSubdirectory("p2pshare-demo-").FullName;
        try
        {
            await new DemoRun(module, folder).RunAsync(path, stop.Token).ConfigureAwait(false);
            return 0;
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or ShellException or IOException)
        {
            await Console.Error.WriteLineAsync("demo: interrupted").ConfigureAwait(false);
            return InterruptedCode;
        }
        catch (Exception e) when (e is ShellException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"demo: failed: {e.Message}").ConfigureAwait(false);
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RunAsync(string? path, CancellationToken cancellationToken)
    {
        path = path is null ? await MakeFileAsync(cancellationToken).ConfigureAwait(false) : Path.GetFullPath(path);
        var size = new FileInfo(path).Length;
        RequireRoom(size);

        // The shells start while the tracker does, and wait for their input.
        var received = Folder("received");
        var alice = await StartClientAsync("alice", Script("Alice.ps1", ("file", path)), cancellationToken).ConfigureAwait(false);
        await using var aliceProcess = alice.ConfigureAwait(false);
        var bob = await StartClientAsync("bob", Script("Bob.ps1"), cancellationToken).ConfigureAwait(false);
        await using var bobProcess = bob.ConfigureAwait(false);
        var tracker = await DemoTracker.StartAsync(_module, _folder, _temporary, cancellationToken).ConfigureAwait(false);
        await using var trackerProcess = tracker.Process.ConfigureAwait(false);

        try
        {
            await TellAsync(alice, tracker, cancellationToken).ConfigureAwait(false);
            await TellAsync(bob, tracker, cancellationToken).ConfigureAwait(false);
            await UntilBobIsDoneAsync(tracker.Process, alice, bob, cancellationToken).ConfigureAwait(false);
        }
        catch (ShellException)
        {
            foreach (var line in tracker.Log)
            {
                await Console.Error.WriteLineAsync($"tracker| {line}").ConfigureAwait(false);
            }

            throw;
        }

        var (sent, got) = await CompareAsync(path, Path.Combine(received, Path.GetFileName(path)), cancellationToken).ConfigureAwait(false);
        if (sent != got)
        {
            throw new ShellException($"Bob's file differs from Alice's: SHA-256 {got} and {sent}.");
        }

        var report = await File.ReadAllLinesAsync(Path.Combine(_folder, "result.txt"), cancellationToken).ConfigureAwait(false);
        await EndAsync(alice, cancellationToken).ConfigureAwait(false);
        WriteSummary(size, double.Parse(report[0], CultureInfo.InvariantCulture), report.ElementAtOrDefault(1) ?? "", sent, [tracker.Process, alice, bob]);
    }

    private static async Task UntilBobIsDoneAsync(ChildProcess tracker, ChildProcess alice, ChildProcess bob, CancellationToken cancellationToken)
    {
        ChildProcess[] all = [bob, alice, tracker];
        using var timer = new PeriodicTimer(MeasureInterval);
        while (!Array.Exists(all, process => process.HasExited))
        {
            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
            Array.ForEach(all, process => process.Measure());
        }

        var ended = Array.Find(all, process => process.HasExited)!;
        if (ended != bob || ended.ExitCode != 0)
        {
            // Ctrl+C may end a child before its signal is handled here.
            cancellationToken.ThrowIfCancellationRequested();
            throw new ShellException($"{ended.Name} ended with exit code {ended.ExitCode} before the file was received; its error is above.");
        }
    }

    private static async Task<(string Sent, string Received)> CompareAsync(string sent, string received, CancellationToken cancellationToken)
    {
        if (!File.Exists(received))
        {
            throw new ShellException($"Bob has no file '{received}'.");
        }

        var hashes = await Task.WhenAll(HashAsync(sent, cancellationToken), HashAsync(received, cancellationToken)).ConfigureAwait(false);
        return (hashes[0], hashes[1]);
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        var stream = File.OpenRead(path);
        await using var closing = stream.ConfigureAwait(false);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
    }

    private static async Task EndAsync(ChildProcess client, CancellationToken cancellationToken)
    {
        client.Input.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        try
        {
            await client.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ShellException($"{client.Name} did not end.");
        }

        if (client.ExitCode != 0)
        {
            throw new ShellException($"{client.Name} ended with exit code {client.ExitCode}; its error is above.");
        }
    }

    private static void WriteSummary(long size, double seconds, string root, string hash, IEnumerable<ChildProcess> processes)
    {
        const double Mebi = 1024 * 1024;
        Console.WriteLine();
        foreach (var (name, value) in new (string, FormattableString)[]
        {
            ("size", $"{size} bytes ({size / Mebi:0.0} MiB)"),
            ("time", $"{seconds:0.00} s"),
            ("speed", $"{size / 1e6 / Math.Max(seconds, 1e-3):0.0} MB/s"),
            ("SHA-256", $"{hash} (both files)"),
            ("pieces root", $"{(root.Length > 0 ? root : "none (an empty file)")}"),
            ("peak memory", $"{string.Join(", ", processes.Select(process => $"{process.Name} {process.PeakMemory / Mebi:0} MiB"))}"),
        })
        {
            Console.WriteLine($"{name + ":",-13}{value.ToString(CultureInfo.InvariantCulture)}");
        }

        Console.WriteLine("demo: ok");
    }

    private static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });

    private static void RequireReadable(string path)
    {
        if (Directory.Exists(path))
        {
            throw new ShellException($"'{path}' is a folder; the path of a file was expected.");
        }

        try
        {
            File.OpenHandle(path).Dispose();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ShellException($"The file '{path}' does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShellException($"The file '{path}' cannot be read: {e.Message}", e);
        }
    }

    private void RequireRoom(long size)
    {
        var free = new DriveInfo(_folder).AvailableFreeSpace;
        if (free < size)
        {
            throw new ShellException(
                $"The temporary folder has {free} bytes free, and the received file needs {size}. Name another folder in {(OperatingSystem.IsWindows() ? "TMP" : "TMPDIR")}.");
        }
    }

    // Two of them are state folders, which have private keys.
    private string Folder(string name)
    {
        var path = Path.Combine(_folder, name);
        return OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path).FullName
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
    }

    private async Task<string> MakeFileAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("Creating a file of 256 MiB of random bytes.");
        var path = Path.Combine(Folder("shared"), "random.bin");
        var stream = File.Create(path);
        await using var closing = stream.ConfigureAwait(false);
        var buffer = new byte[1024 * 1024];
        for (var written = 0L; written < DefaultSize; written += buffer.Length)
        {
            RandomNumberGenerator.Fill(buffer);
            await stream.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        return path;
    }

    /// <summary>Starts this program on a script, which waits for <see cref="TellAsync"/>.</summary>
    private async Task<ChildProcess> StartClientAsync(string name, string script, CancellationToken cancellationToken)
    {
        var path = Path.Combine(_folder, name + ".ps1");
        await File.WriteAllTextAsync(path, script, cancellationToken).ConfigureAwait(false);
        var program = typeof(DemoRun).Assembly.Location;
        return ChildProcess.Start(
            name, [program, "--module", _module, "--echo", name, "-File", path], captured: false, _folder, _temporary, Folder(name));
    }

    /// <summary>Gives a client a password and the tracker's address through its standard input, which no other process can read.</summary>
    private static async Task TellAsync(ChildProcess client, DemoTracker tracker, CancellationToken cancellationToken)
    {
        await client.Input.WriteLineAsync(RandomNumberGenerator.GetHexString(32).AsMemory(), cancellationToken).ConfigureAwait(false);
        await client.Input.WriteLineAsync(tracker.Address.AsMemory(), cancellationToken).ConfigureAwait(false);
        await client.Input.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Script(string name, params (string Name, string Value)[] values)
    {
        var script = EmbeddedText.Read(name);
        foreach (var (key, value) in values)
        {
            script = script.Replace("{" + key + "}", "'" + CodeGeneration.EscapeSingleQuotedStringContent(value) + "'", StringComparison.Ordinal);
        }

        return script;
    }
}
