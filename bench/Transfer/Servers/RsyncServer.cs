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

    public static async Task<RsyncServer> StartAsync(string content, string folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        var configuration = Path.Combine(folder, "rsyncd.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            use chroot = no
            pid file = {folder}/pid
            log file = {folder}/log
            {(Environment.IsPrivilegedProcess ? "uid = 0\ngid = 0" : "")}
            [content]
            path = {content}
            read only = yes

            """,
            cancellationToken);
        var process = Child.Start(
            InstalledProgram.Get("rsync"), ["--daemon", "--no-detach", "--address=127.0.0.1", $"--port={port}", $"--config={configuration}"]);
        try
        {
            await process.WaitForPortAsync(port, cancellationToken);
            return new RsyncServer(process, $"rsync://127.0.0.1:{port}/content/");
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
