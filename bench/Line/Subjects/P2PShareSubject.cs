using System.Globalization;
using System.Security.Cryptography;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Bench.Swarm;
using P2PShare.Bench.Transfer;

namespace P2PShare.Bench.Line.Subjects;

/// <summary>This program's engine: a tracker beside the source, and a new receiver each round.</summary>
internal sealed class P2PShareSubject(string name, FatLine line) : LineSubject(name, line)
{
    private const int TrackerPort = 8001;
    private const string WarmUpName = "warm-up.bin";
    private const int WarmUpLength = 4 << 20;

    private TrackerServer? _tracker;
    private Peer? _source;
    private Peer? _receiver;
    private string _folder = "";
    private int _round;

    public override int OtherPort => TrackerPort;

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _tracker = await TrackerServer.StartAsync(Line.Source, TrackerPort, folder, new Dictionary<string, string>(), cancellationToken);
        Processes.Add(_tracker.Id);
        _source = new Peer(Line.Source, "source", Lab.SharedCores);
        Processes.Add(_source.Process.Id);
        await _source.LogInAsync(_tracker, Path.Combine(folder, "source"), cancellationToken);
        await _source.CreateGroupAsync(cancellationToken);
        await _source.StartServerAsync(cancellationToken);
        var warmUp = Path.Combine(folder, WarmUpName);
        await File.WriteAllBytesAsync(warmUp, RandomNumberGenerator.GetBytes(WarmUpLength), cancellationToken);
        await _source.ShareAsync(warmUp, cancellationToken);
        await _source.ShareAsync(Path.Combine(content.Folder, content.Name), cancellationToken);
    }

    // The machines of the line share the cores that the line itself needs: what is not a property of the line, such as compiling the
    // program, happens before. Restarted, the receiver is not connected to the source.
    public override async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var user = string.Create(CultureInfo.InvariantCulture, $"receiver{++_round}");
        _receiver = new Peer(Line.Receiver, user, Lab.SharedCores);
        Processes.Add(_receiver.Process.Id);
        await _receiver.LogInAsync(_tracker!, Path.Combine(_folder, user), cancellationToken);
        await _receiver.JoinAsync(_source!, cancellationToken);
        await _receiver.StartServerAsync(cancellationToken);
        await _receiver.ListAsync(cancellationToken);
        await _receiver.ReceiveAsync(Path.Combine(_folder, user), WarmUpName, cancellationToken);
        await _receiver.StopServerAsync(cancellationToken);
        await _receiver.StartServerAsync(cancellationToken);
    }

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) =>
        _receiver!.ReceiveAsync(Directory.CreateDirectory(folder).FullName, content.Name, cancellationToken);

    public override async Task<double?> ReadCompilingAsync(CancellationToken cancellationToken) =>
        await _tracker!.ReadCompilingAsync(cancellationToken) + await _source!.ReadCompilingAsync(cancellationToken) + await _receiver!.ReadCompilingAsync(cancellationToken);

    public override async Task EndRoundAsync()
    {
        if (_receiver is { } receiver)
        {
            _receiver = null;
            await receiver.DisposeAsync();
            Processes.Remove(receiver.Process.Id);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await EndRoundAsync();
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        if (_tracker is not null)
        {
            await _tracker.DisposeAsync();
        }
    }
}
