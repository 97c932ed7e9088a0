using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>zsync from nginx over HTTP. It updates one file, and knows it by the file's checksums, which are made when it is published.</summary>
internal sealed class ZsyncSubject(string name, Lab lab, Update update, int port) : Subject(name, lab, update)
{
    private const string Suffix = ".zsync";

    private NginxServer? _server;

    public override IReadOnlyList<string> Programs { get; } = ["nginx", "zsyncmake", "zsync", "env"];

    public override async Task StartAsync(string folder, CancellationToken cancellationToken)
    {
        var served = Directory.CreateDirectory(Path.Combine(folder, "served")).FullName;
        var file = Path.Combine(served, Update.Name);
        File.CreateSymbolicLink(file, Path.Combine(Update.NewFolder, Update.Name));
        await Child.RunAsync(
            InstalledProgram.Get("zsyncmake"), ["-f", Update.Name, "-u", Update.Name, "-o", file + Suffix, file], cancellationToken, folder: folder);
        _server = await NginxServer.StartAsync(Lab.Seed, port, isEncrypted: false, served, folder, cancellationToken);
        Processes.Add(_server.Process.Id);
    }

    // It takes an old file at the place of the new one into account.
    public override Task ReceiveAsync(int receiver, string folder, CancellationToken cancellationToken) => RunAsync(
        receiver,
        "env",
        ["--unset=http_proxy", $"--chdir={folder}", InstalledProgram.Get("zsync"), "-q", "-o", Path.Combine(folder, Update.Name), _server!.Url + Update.Name + Suffix],
        cancellationToken);

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
