using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Servers;

/// <summary>sshd with keys of its own, for the user who runs the benchmark.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    // sshd that runs as root does not start without it; distributions make it when the service starts.
    private const string PrivilegeSeparationFolder = "/run/sshd";

    private readonly Child _process;
    private readonly bool _madeFolder;

    private SshServer(Child process, bool madeFolder, IReadOnlyList<string> clientOptions)
    {
        _process = process;
        _madeFolder = madeFolder;
        ClientOptions = clientOptions;
    }

    public int Id => _process.Id;

    /// <summary>What scp needs to get in: port, key, known host, cipher.</summary>
    public IReadOnlyList<string> ClientOptions { get; }

    public static async Task<SshServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        var hostKey = await MakeKeyAsync(Path.Combine(folder, "host"), cancellationToken);
        var clientKey = await MakeKeyAsync(Path.Combine(folder, "client"), cancellationToken);
        var knownHosts = Path.Combine(folder, "known_hosts");
        await File.WriteAllTextAsync(
            knownHosts, $"[127.0.0.1]:{port} {await File.ReadAllTextAsync(hostKey + ".pub", cancellationToken)}", cancellationToken);
        var configuration = Path.Combine(folder, "sshd_config");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            ListenAddress 127.0.0.1:{port}
            HostKey {hostKey}
            PidFile none
            AuthorizedKeysFile {clientKey}.pub
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            StrictModes no
            UsePAM no
            Ciphers aes128-gcm@openssh.com
            Subsystem sftp internal-sftp

            """,
            cancellationToken);
        var makes = Environment.IsPrivilegedProcess && !Directory.Exists(PrivilegeSeparationFolder);
        if (makes)
        {
            Directory.CreateDirectory(PrivilegeSeparationFolder);
        }

        var server = new SshServer(
            Child.Start(InstalledProgram.Get("sshd"), ["-D", "-e", "-f", configuration]), makes,
            [
                "-q", "-F", "none", "-P", $"{port}", "-i", clientKey, "-c", "aes128-gcm@openssh.com",
                "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", $"UserKnownHostsFile={knownHosts}",
            ]);
        try
        {
            await server._process.WaitForPortAsync(port, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (_madeFolder && Directory.Exists(PrivilegeSeparationFolder))
        {
            Directory.Delete(PrivilegeSeparationFolder);
        }
    }

    private static async Task<string> MakeKeyAsync(string path, CancellationToken cancellationToken)
    {
        await Child.RunAsync(InstalledProgram.Get("ssh-keygen"), ["-q", "-t", "ed25519", "-N", "", "-f", path], cancellationToken);
        return path;
    }
}
