using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>curl of the whole new version from nginx over HTTP; of many files over eight connections that it keeps.</summary>
internal sealed class CurlSubject(string name, Lab lab, Update update, int port) : Subject(name, lab, update)
{
    private NginxServer? _server;
    private string _folder = "";

    public override IReadOnlyList<string> Programs { get; } = ["nginx", "curl"];

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        _folder = folder;
        _server = await NginxServer.StartAsync(Lab.Seed, port, isEncrypted: false, Update.NewFolder, folder, cancellationToken);
        Processes.Add(_server.Process.Id);
    }

    public override async Task ReceiveAsync(int receiver, string folder, CancellationToken cancellationToken)
    {
        // The list is part of the command: thousands of names do not fit into arguments.
        var list = Path.Combine(_folder, $"curl{receiver}.list");
        await File.WriteAllLinesAsync(
            list, Update.Names.Select(name => $"url = \"{_server!.Url}{name}\"\noutput = \"{Path.Combine(folder, name)}\""), cancellationToken);
        await RunAsync(
            receiver,
            "curl",
            [
                "--disable", "--noproxy", "*", "--silent", "--show-error", "--fail", "--http1.1", "--create-dirs", "--parallel", "--parallel-max", "8",
                "--config", list,
            ],
            cancellationToken);
    }

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
