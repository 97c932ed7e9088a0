using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>A client that downloads from nginx.</summary>
internal abstract class NginxSubject(string name) : Subject(name)
{
    private NginxServer? _server;
    private string _folder = "";

    protected NginxServer Server => _server!;

    /// <summary>A path in the subject's own folder.</summary>
    protected string At(string name) => Path.Combine(_folder, name);

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _server = await NginxServer.StartAsync(Machine.Local, LoopbackPort.Free(), isEncrypted: true, content.Folder, folder, cancellationToken);
        Processes.Add(_server.Process.Id);
    }

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
