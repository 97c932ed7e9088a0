using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>rsync from a daemon, whole files without the search for differences.</summary>
internal sealed class RsyncSubject(string name) : Subject(name)
{
    private RsyncServer? _server;

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("rsync");

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _server = await RsyncServer.StartAsync(Machine.Local, LoopbackPort.Free(), content.Folder, folder, cancellationToken);
        Processes.Add(_server.Id);
    }

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) => RunAsync(
        InstalledProgram.Get("rsync"), ["--recursive", "--whole-file", _server!.Url, folder], cancellationToken);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
