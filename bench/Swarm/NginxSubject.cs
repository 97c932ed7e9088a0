using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Swarm;

/// <summary>One web server and curl on every receiver: what there is without peers.</summary>
internal sealed class NginxSubject(Trial trial) : Subject
{
    private const int Port = 80;

    private NginxServer? _server;

    public override IReadOnlyList<Child> Processes => [_server!.Process];

    public static bool IsInstalled => InstalledProgram.Find("nginx") is not null && InstalledProgram.Find("curl") is not null;

    public override async Task PrepareAsync(CancellationToken cancellationToken) => _server = await NginxServer.StartAsync(
        trial.Hosts[0], Port, isEncrypted: false, Path.GetDirectoryName(trial.ContentPath)!, trial.FolderOf(0), cancellationToken);

    public override async Task ReceiveAsync(int receiver, CancellationToken cancellationToken)
    {
        await using var curl = trial.Hosts[receiver + 1].Start(
            InstalledProgram.Get("curl"), ["-sS", "--fail", "-o", PathIn(receiver), _server!.Url + trial.FileName]);
        await curl.CompleteAsync(cancellationToken);
    }

    public override string? PathOf(int receiver) => File.Exists(PathIn(receiver)) ? PathIn(receiver) : null;

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private string PathIn(int receiver) => Path.Combine(trial.FolderOf(receiver + 1), trial.FileName);
}
