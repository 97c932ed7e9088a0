using System.Globalization;
using System.Text.Json;
using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Copy.Subjects;

/// <summary>A PowerShell on the sender with a session to each target, which are open before the time counts.</summary>
/// <param name="method">As the script names it.</param>
internal sealed class SessionSubject(Lab lab, string method, string folder) : Subject(lab)
{
    private Child? _sender;

    public override async Task PrepareAsync(string path, CancellationToken cancellationToken)
    {
        var targets = Path.Combine(folder, "targets.json");
        await File.WriteAllTextAsync(
            targets,
            JsonSerializer.Serialize(Lab.Targets.Select(target =>
                new { target.Machine.Address, target.Port, Key = target.Server.ClientKey, target.Server.KnownHosts, target.Folder })),
            cancellationToken);
        _sender = Lab.Sender.Start(
            Lab.Program[0],
            [
                .. Lab.Program.Skip(1), "-NoProfile", "-NonInteractive", "-File", Path.Combine(AppContext.BaseDirectory, "Copy", "Copy.ps1"),
                "-Method", method, "-Path", path, "-Targets", targets, "-Module", Repository.Module,
            ],
            name: method);
        Processes.Add(_sender.Id);
        await _sender.ReadLineAsync(cancellationToken);
    }

    public override async Task<double> CopyAsync(string path, CancellationToken cancellationToken) =>
        double.Parse(await _sender!.AskAsync("copy", cancellationToken), CultureInfo.InvariantCulture);

    public override async ValueTask DisposeAsync()
    {
        if (_sender is not null)
        {
            await _sender.EndAsync();
            await _sender.DisposeAsync();
        }
    }
}
