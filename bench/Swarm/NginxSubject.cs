namespace P2PShare.Bench.Swarm;

/// <summary>One web server and curl on every receiver: what there is without peers.</summary>
internal sealed class NginxSubject(Trial trial) : ISubject
{
    private readonly List<Worker> _workers = [];

    public IReadOnlyList<Worker> Workers => _workers;

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var folder = trial.FolderOf(0);
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            user root;
            pid {{folder}}/nginx.pid;
            error_log {{folder}}/error.log;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                server { listen {{trial.Hosts[0].Address}}:80; root {{Path.GetDirectoryName(trial.ContentPath)}}; }
            }
            """,
            cancellationToken);
        _workers.Add(trial.Hosts[0].Start("nginx", "-p", folder, "-c", configuration));
        while (!File.Exists(Path.Combine(folder, "nginx.pid")))
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    public async Task ReceiveAsync(int receiver, CancellationToken cancellationToken)
    {
        var curl = trial.Hosts[receiver + 1].Start(
            "curl", "-sS", "--fail", "-w", "ok\\n", "-o", PathIn(receiver), $"http://{trial.Hosts[0].Address}/{trial.FileName}");
        lock (_workers)
        {
            _workers.Add(curl);
        }

        await curl.AnswerAsync(cancellationToken);
    }

    public string? PathOf(int receiver) => File.Exists(PathIn(receiver)) ? PathIn(receiver) : null;

    public void Dispose()
    {
        foreach (var worker in _workers)
        {
            worker.Dispose();
        }
    }

    private string PathIn(int receiver) => Path.Combine(trial.FolderOf(receiver + 1), trial.FileName);
}
