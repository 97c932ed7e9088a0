using System.Globalization;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Bench.Swarm;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Copy;

/// <summary>The machine that has a file, and those that it is copied to over SSH.</summary>
/// <param name="Sender">Without a limit, this machine.</param>
/// <param name="Program">The PowerShell of all of them.</param>
/// <param name="SenderHost">The sender, if it has a link of its own.</param>
internal sealed record Lab(Network? Network, Machine Sender, Host? SenderHost, IReadOnlyList<CopyTarget> Targets, IReadOnlyList<string> Program) : IAsyncDisposable
{
    private const int NamespacePort = 2222;

    /// <param name="megabits">Mbit/s of every link, each way; 0: all on loopback.</param>
    /// <param name="work">Gets a folder for each target.</param>
    public static async Task<Lab> CreateAsync(int targets, double megabits, WorkFolder work, PowerShellProgram powerShell, CancellationToken cancellationToken)
    {
        var program = await FindProgramAsync(powerShell, cancellationToken);
        var network = megabits > 0 ? await Network.CreateAsync() : null;
        var started = new List<CopyTarget>();
        try
        {
            var sender = network is null ? null : await network.AddAsync(megabits);
            for (var i = 0; i < targets; i++)
            {
                Machine machine = network is null ? Machine.Local : await network.AddAsync(megabits);
                var port = network is null ? LoopbackPort.Free() : NamespacePort;
                var folder = work.Make(string.Create(CultureInfo.InvariantCulture, $"target{i}"));
                var server = await SshServer.StartAsync(
                    machine, port, folder, $"powershell {string.Join(' ', program)} -sshs -NoLogo -NoProfile", cancellationToken);
                started.Add(new CopyTarget(machine, port, server, Path.Combine(folder, "received")));
            }

            return new Lab(network, (Machine?)sender ?? Machine.Local, sender, started, program);
        }
        catch
        {
            await DisposeAsync(started, network);
            throw;
        }
    }

    public ValueTask DisposeAsync() => DisposeAsync(Targets, Network);

    private static async ValueTask DisposeAsync(IReadOnlyList<CopyTarget> targets, Network? network)
    {
        foreach (var target in targets)
        {
            await target.Server.DisposeAsync();
        }

        if (network is not null)
        {
            await network.DisposeAsync();
        }
    }

    // The tool of a repository starts only in its folder; what it is made of starts anywhere.
    private static async Task<IReadOnlyList<string>> FindProgramAsync(PowerShellProgram powerShell, CancellationToken cancellationToken) =>
        powerShell.Arguments.Count == 0
            ? [powerShell.Path]
            : [powerShell.Path, Path.Combine((await powerShell.RunAsync("$PSHOME", cancellationToken)).Trim(), "pwsh.dll")];
}
