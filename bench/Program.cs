using System.CommandLine;
using P2PShare.Bench;
using P2PShare.Bench.Copy;
using P2PShare.Bench.Delta;
using P2PShare.Bench.Growth;
using P2PShare.Bench.Hashing;
using P2PShare.Bench.Import;
using P2PShare.Bench.Line;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Progress;
using P2PShare.Bench.Start;
using P2PShare.Bench.Swarm;
using P2PShare.Bench.Tracker;
using P2PShare.Bench.Transfer;

if (args is [OwnProgram.RoleWord, .. var role])
{
    return await Role.RunAsync(role);
}

var verbs = new RootCommand("Runs P2PShare and the programs it is compared with on the same work, and prints one table.")
{
    new TransferCommand(),
    new SwarmCommand(),
    new LineCommand(),
    new DeltaCommand(),
    new CopyCommand(),
    new TrackerCommand(),
    new HerdCommand(),
    new OutageCommand(),
    new MemoryCommand(),
    new CostsCommand(),
    new HashingCommand(),
    new ImportCommand(),
    new StartCommand(),
    new GrowthCommand(),
    new ProgressCommand(),
};
var call = verbs.Parse(args);
try
{
    // A signal cancels what is measured, and leaves it this time to end its processes and delete its files.
    var code = await call.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
    return call.Errors.Count > 0 ? BenchCommand.CannotRun : code;
}
finally
{
    await Reaper.EndAsync();
}
