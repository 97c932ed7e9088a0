using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>rsync from a daemon, not encrypted, which searches for what the old version has.</summary>
/// <param name="inPlace">Write into the old file instead of a new one beside it.</param>
internal sealed class RsyncSubject(string name, Lab lab, Update update, int port, bool inPlace) : Subject(name, lab, update)
{
    private RsyncServer? _server;

    public override IReadOnlyList<string> Programs { get; } = ["rsync"];

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        _server = await RsyncServer.StartAsync(Lab.Seed, port, Update.NewFolder, folder, cancellationToken);
        Processes.Add(_server.Id);
    }

    public override Task ReceiveAsync(int receiver, string folder, CancellationToken cancellationToken) => RunAsync(
        receiver,
        "rsync",
        [
            // By their times rsync knows the files that have not changed.
            "--recursive", "--times", "--no-whole-file", .. inPlace ? ["--inplace"] : Array.Empty<string>(), .. Update.IsSparse ? ["--sparse"] : Array.Empty<string>(),
            _server!.Url, folder,
        ],
        cancellationToken);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
