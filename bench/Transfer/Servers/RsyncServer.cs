using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Servers;

/// <summary>An rsync daemon that serves a folder, unencrypted as rsync is.</summary>
internal sealed class RsyncServer : IAsyncDisposable
{
    private readonly Child _process;

    private RsyncServer(Child process, string url)
    {
        _process = process;
        Url = url;
    }

    public int Id => _process.Id;

    /// <summary>Of the folder, with a slash at the end.</summary>
    public string Url { get; }

    /// <param name="content">The folder that is served.</param>
    /// <param name="folder">For its own files.</param>
    public static async Task<RsyncServer> StartAsync(Machine machine, int port, string content, string folder, CancellationToken cancellationToken)
    {
        var configuration = Path.Combine(folder, "rsyncd.conf");
        var pid = Path.Combine(folder, "pid");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            use chroot = no
            pid file = {pid}
            log file = {folder}/log
            {(Environment.IsPrivilegedProcess ? "uid = 0\ngid = 0" : "")}
            [content]
            path = {content}
            read only = yes

            """,
            cancellationToken);
        var process = machine.Start(
            InstalledProgram.Get("rsync"), ["--daemon", "--no-detach", $"--address={machine.Address}", $"--port={port}", $"--config={configuration}"]);
        try
        {
            // It writes this, and listens.
            await process.WaitForFileAsync(pid, cancellationToken);
            return new RsyncServer(process, $"rsync://{machine.Address}:{port}/content/");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
