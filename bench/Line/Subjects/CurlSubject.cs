using System.Globalization;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;
using P2PShare.Bench.Transfer;

namespace P2PShare.Bench.Line.Subjects;

/// <summary>curl from nginx, both without encryption, over one connection or over many, each for its part of the file.</summary>
/// <param name="port">Of this subject's nginx.</param>
internal sealed class CurlSubject(string name, FatLine line, int port, int connections, bool isLossy = true) : LineSubject(name, line, isLossy)
{
    private NginxServer? _server;
    private string _list = "";
    private string[] _parts = [];

    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("nginx", "curl");

    public override async Task StartAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        _list = Path.Combine(folder, "curl.list");
        _server = await NginxServer.StartAsync(Line.Source, port, isEncrypted: false, content.Folder, folder, cancellationToken);
        Processes.Add(_server.Process.Id);
    }

    public override async Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        _parts = [.. Enumerable.Range(0, connections).Select(i => Path.Combine(folder, i == 0 ? content.Name : $"part{i}"))];
        var sections = _parts.Select((path, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"url = \"{_server!.Url}{content.Name}\"\noutput = \"{path}\"\nrange = \"{content.Size * i / connections}-{content.Size * (i + 1) / connections - 1}\"\nfail\n"));
        await File.WriteAllTextAsync(_list, string.Join("next\n", sections), cancellationToken);
        await using var curl = Line.Receiver.Start(
            InstalledProgram.Get("curl"),
            ["--disable", "--silent", "--show-error", "--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", $"{connections}", "--config", _list]);
        Processes.Add(curl.Id);
        try
        {
            await curl.CompleteAsync(cancellationToken);
        }
        finally
        {
            Processes.Remove(curl.Id);
        }
    }

    // The time that this takes does not count.
    public override async Task EndRoundAsync()
    {
        if (_parts.Length > 1 && Array.TrueForAll(_parts, File.Exists))
        {
            await using var whole = new FileStream(_parts[0], FileMode.Append, FileAccess.Write);
            foreach (var path in _parts.Skip(1))
            {
                await using (var part = File.OpenRead(path))
                {
                    await part.CopyToAsync(whole, 1 << 20);
                }

                File.Delete(path);
            }
        }

        _parts = [];
    }

    public override ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
