using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security;
using P2PShare.Cmdlets.Tracker;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Copying;

/// <summary>A tracker that lives as long as one copy: a process of its own, all data in the copy's private folder, accounts by invitation only.</summary>
internal sealed class EphemeralTracker : IAsyncDisposable
{
    // Between finding a free port and listening on it another program may take it.
    private const int Attempts = 3;

    private readonly TrackerJob _job;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<ConcurrentQueue<SecureString>> _inviting;
    private readonly ConcurrentDictionary<string, Lazy<EnginePackage>> _packages = new();
    private readonly string _packageFolder;

    private EphemeralTracker(TrackerJob job, int accounts, string[] settings, string packageFolder)
    {
        (_job, _packageFolder) = (job, packageFolder);
        _inviting = InviteAsync(accounts, settings, _stop.Token);
        Address = TrackerAddress.Parse(job.Location, Hash256.Parse(job.Fingerprint));
    }

    /// <summary>Where this machine reaches it, with its fingerprint.</summary>
    public TrackerAddress Address { get; }

    /// <summary>The addresses of this machine that a target may try, the likeliest first.</summary>
    public IReadOnlyList<string> Addresses { get; } = [.. OwnAddress.FindAll().Select(address => address.ToString())];

    private static string ModuleFolder => Path.GetDirectoryName(typeof(EphemeralTracker).Assembly.Location)!;

    /// <summary>Starts the tracker's program on a free port of all addresses.</summary>
    /// <param name="folder">Private folder of the copy.</param>
    /// <param name="accounts">How many accounts will be made.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerNotStarted"/>.</exception>
    public static async Task<EphemeralTracker> StartAsync(string folder, int accounts, CancellationToken cancellationToken)
    {
        var packages = Path.Combine(folder, "packages");
        Directory.CreateDirectory(packages);
        string[] settings =
        [
            $"--Tracker:DataPath={Path.Combine(folder, "tracker")}", $"--Tracker:PackagePath={packages}",
            "--Tracker:Registration=Invitation", "--Tracker:StopAtEndOfInput=true",
        ];
        for (var attempt = 1; ; attempt++)
        {
            var info = Path.Combine(folder, "tracker_info.txt");
            await File.WriteAllTextAsync(info, string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{FindFreePort()}\n"), cancellationToken).ConfigureAwait(false);
            try
            {
                return new EphemeralTracker(
                    await TrackerJob.StartAsync(Program, [info, "1", .. settings], cancellationToken).ConfigureAwait(false), accounts, settings, packages);
            }
            catch (P2PShareException) when (attempt < Attempts)
            {
                // Another port.
            }
        }
    }

    /// <summary>Takes an invitation; each is good for one account and is handed out once.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.TrackerNotStarted"/>.</exception>
    public async Task<SecureString> TakeInvitationAsync() => (await _inviting.ConfigureAwait(false)).TryDequeue(out var invitation)
        ? invitation
        : throw new P2PShareException(ErrorCode.TrackerNotStarted, "The tracker's program made too few invitations.");

    /// <summary>The engine for a platform, which the tracker hands out from now on.</summary>
    public EnginePackage GetPackage(string platform) =>
        _packages.GetOrAdd(platform, one => new Lazy<EnginePackage>(() => EnginePackage.Create(ModuleFolder, one, _packageFolder))).Value;

    /// <summary>The SHA-256 of the module's own files, by their path in it.</summary>
    public static Dictionary<string, string> HashMarks() => EnginePackage.Marks.ToDictionary(
        mark => mark, mark => EnginePackage.HashOf(File.ReadAllBytes(Path.Combine(ModuleFolder, mark))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await ((Task)_inviting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _job.StopAsync().ConfigureAwait(false);
        _job.Dispose();
    }

    private static string Program => Path.Combine(ModuleFolder, "tracker", "P2PShare.TrackerHost.dll");

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // By the operator's command, because only who can write the database can invite.
    private static async Task<ConcurrentQueue<SecureString>> InviteAsync(int count, string[] settings, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            DotnetHost.Find()!, ["exec", Program, "invite", "--count", count.ToString(CultureInfo.InvariantCulture), "--days", "7", .. settings])
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var invitations = new ConcurrentQueue<SecureString>();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
            {
                invitations.Enqueue(CopyPeer.ToSecret(line.Trim()));
            }

            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return invitations.Count == count
            ? invitations
            : throw new P2PShareException(ErrorCode.TrackerNotStarted, $"The tracker's program made no invitations: {(await errors.ConfigureAwait(false)).Trim()}");
    }
}
