using System.Diagnostics;
using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Start;

/// <summary>What is started first, each in processes of its own.</summary>
internal sealed class Comparison : IAsyncDisposable
{
    private const string FirstCommand = "p2pshare -Command 1";
    private const string Tracker = "a new tracker, until it listens";
    private const string Demo = "demo, 256 MiB";
    private const string EmptyCmdlet = "pwsh: empty cmdlet";
    private const string Connect = "pwsh: Connect-P2PTracker";
    private const string Case = "first use";
    private const string Unit = "s";
    private const string MoreUnit = "s more than the empty cmdlet";

    private readonly Dictionary<string, Func<int, CancellationToken, Task>> _subjects;
    private readonly Rounds _rounds;
    private readonly Figures _figures = new();
    private readonly PowerShellProgram _powerShell;
    private readonly WorkFolder _work;
    private TrackerServer? _tracker;

    public Comparison(PowerShellProgram powerShell, WorkFolder work)
    {
        (_powerShell, _work) = (powerShell, work);
        _subjects = new()
        {
            [FirstCommand] = (round, cancellationToken) => MeasureAsync(
                FirstCommand, round, environment => Child.RunAsync(OwnProgram.Dotnet, [Repository.ShellProgram, "-Command", "1"], cancellationToken, environment)),
            [Tracker] = MeasureTrackerAsync,
            [Demo] = (round, cancellationToken) => MeasureAsync(
                Demo, round, environment => Child.RunAsync(OwnProgram.Dotnet, [Repository.ShellProgram, "demo"], cancellationToken, environment)),
            [EmptyCmdlet] = (round, cancellationToken) => MeasureAsync(
                EmptyCmdlet,
                round,
                environment => powerShell.RunAsync($"Import-Module {PowerShellProgram.Quote(Repository.EmptyModule)}; Get-Nothing", cancellationToken, environment)),
            [Connect] = (round, cancellationToken) => MeasureAsync(Connect, round, environment => powerShell.RunAsync(ConnectScript("Connect"), cancellationToken, environment)),
        };
        _rounds = new Rounds([.. _subjects.Keys]);
    }

    public bool Succeeded => _rounds.Succeeded;

    private string PasswordFile => _work.At("password");

    public async Task RunAsync(int count, CancellationToken cancellationToken)
    {
        _tracker = await TrackerServer.StartAsync(Machine.Local, LoopbackPort.Free(), _work.Make("connected"), new Dictionary<string, string>(), cancellationToken);
        await File.WriteAllTextAsync(PasswordFile, Guid.NewGuid().ToString(), cancellationToken);
        await _powerShell.RunAsync(ConnectScript("Create"), cancellationToken);
        // The first round brings the files into the page cache.
        await _rounds.RunAsync(count + 1, (name, round) => _subjects[name](round, cancellationToken), cancellationToken);
        _figures.Compare(Case, Unit, MoreUnit, _figures.Values(Case, EmptyCmdlet, Unit), (own, empty) => own - empty);
    }

    public IEnumerable<Row> Rows() => _rounds.Remaining.SelectMany(subject => _figures.Rows(Case, subject));

    public string Table()
    {
        var table = new Table(["subject", $"{Unit} (min–max)", MoreUnit, .. Figures.UsageColumns]);
        foreach (var subject in _rounds.Subjects)
        {
            if (_rounds.ReasonOf(subject) is { } reason)
            {
                table.Add(subject, reason);
                continue;
            }

            table.Add(
                [
                    subject,
                    _figures.MedianAndRange(Case, subject, Unit, "0.00"),
                    subject == Connect ? _figures.Median(Case, subject, MoreUnit, "0.00") : "",
                    .. _figures.UsageCells(Case, subject),
                ]);
        }

        return table.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }

    // The password is in no process's arguments.
    private string ConnectScript(string what) =>
        $$"""
        Import-Module {{PowerShellProgram.Quote(Repository.Module)}}
        $arguments = @{
            Tracker = '{{_tracker!.Address}}'; Fingerprint = '{{_tracker.Fingerprint}}'; UserName = 'alice'; StatePath = {{PowerShellProgram.Quote(_work.At("alice"))}}
            Password = Get-Content {{PowerShellProgram.Quote(PasswordFile)}} | ConvertTo-SecureString -AsPlainText
        }
        {{(what == "Create" ? "New-P2PUser" : "Connect-P2PTracker")}} @arguments
        """;

    private async Task MeasureTrackerAsync(int round, CancellationToken cancellationToken)
    {
        var folder = _work.Make($"tracker{round}");
        var before = ProcessTree.ReadEndedUsage();
        var watch = Stopwatch.StartNew();
        double elapsed;
        double compiling;
        await using (var tracker = await TrackerServer.StartAsync(Machine.Local, LoopbackPort.Free(), folder, new Dictionary<string, string>(), cancellationToken, Repository.ModuleTracker))
        {
            elapsed = watch.Elapsed.TotalSeconds;
            compiling = await tracker.ReadCompilingAsync(cancellationToken);
        }

        Add(Tracker, round, elapsed, (ProcessTree.ReadEndedUsage() - before) with { Compiling = compiling });
    }

    /// <param name="run">Runs a program to its end, with variables of its environment.</param>
    private async Task MeasureAsync(string subject, int round, Func<IReadOnlyDictionary<string, string>, Task> run)
    {
        var reports = _work.Make($"{Array.IndexOf([.. _subjects.Keys], subject)}-{round}");
        var before = ProcessTree.ReadEndedUsage();
        var watch = Stopwatch.StartNew();
        await run(CompilingTime.ReportTo(reports));
        var elapsed = watch.Elapsed.TotalSeconds;
        Add(subject, round, elapsed, (ProcessTree.ReadEndedUsage() - before) with { Compiling = CompilingTime.SumOf(reports) });
    }

    private void Add(string subject, int round, double elapsed, Usage usage)
    {
        if (round > 1)
        {
            _figures.Add(Case, subject, Unit, elapsed);
            _figures.Add(Case, subject, usage);
        }
    }
}
