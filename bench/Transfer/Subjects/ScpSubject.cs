using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>scp, which trusts what arrived.</summary>
internal sealed class ScpSubject(string name) : Subject(name)
{
    private SshServer? _server;

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("sshd", "ssh-keygen", "scp");

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _server = await SshServer.StartAsync(Machine.Local, LoopbackPort.Free(), folder, subsystem: null, cancellationToken);
        Processes.Add(_server.Id);
    }

    // A folder that does not exist becomes a copy of the one that is named.
    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) => RunAsync(
        InstalledProgram.Get("scp"),
        [.. _server!.ClientOptions, "-r", $"{Environment.UserName}@127.0.0.1:{content.Folder}", folder],
        cancellationToken);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
