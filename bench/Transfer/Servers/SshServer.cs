using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Servers;

/// <summary>sshd with keys of its own, for the user who runs the benchmark.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    // sshd that runs as root does not start without it; distributions make it when the service starts.
    private const string PrivilegeSeparationFolder = "/run/sshd";

    private readonly Child _process;
    private readonly bool _madeFolder;
    private readonly int _port;

    private SshServer(Child process, bool madeFolder, int port, string clientKey, string knownHosts)
    {
        _process = process;
        _madeFolder = madeFolder;
        _port = port;
        ClientKey = clientKey;
        KnownHosts = knownHosts;
    }

    public int Id => _process.Id;

    /// <summary>Path of the key that it lets in.</summary>
    public string ClientKey { get; }

    /// <summary>Path of a file with its own key, as ssh reads it.</summary>
    public string KnownHosts { get; }

    /// <summary>What ssh, scp and sftp need to get in: port, key, known host, cipher.</summary>
    public IReadOnlyList<string> ClientOptions =>
        [
            "-q", "-F", "none", "-i", ClientKey, "-c", "aes128-gcm@openssh.com", "-o", $"Port={_port}",
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", $"UserKnownHostsFile={KnownHosts}",
        ];

    /// <param name="folder">For its keys.</param>
    /// <param name="subsystem">Name and command of a subsystem beside SFTP; null: none.</param>
    public static async Task<SshServer> StartAsync(Machine machine, int port, string folder, string? subsystem, CancellationToken cancellationToken)
    {
        var hostKey = await MakeKeyAsync(Path.Combine(folder, "host"), cancellationToken);
        var clientKey = await MakeKeyAsync(Path.Combine(folder, "client"), cancellationToken);
        var knownHosts = Path.Combine(folder, "known_hosts");
        await File.WriteAllTextAsync(
            knownHosts, $"[{machine.Address}]:{port} {await File.ReadAllTextAsync(hostKey + ".pub", cancellationToken)}", cancellationToken);
        var configuration = Path.Combine(folder, "sshd_config");
        var pid = Path.Combine(folder, "pid");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            ListenAddress {machine.Address}:{port}
            HostKey {hostKey}
            PidFile {pid}
            MaxStartups 100
            AuthorizedKeysFile {clientKey}.pub
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            StrictModes no
            UsePAM no
            Ciphers aes128-gcm@openssh.com
            Subsystem sftp internal-sftp
            {(subsystem is null ? "" : $"Subsystem {subsystem}")}

            """,
            cancellationToken);
        var makes = Environment.IsPrivilegedProcess && !Directory.Exists(PrivilegeSeparationFolder);
        if (makes)
        {
            Directory.CreateDirectory(PrivilegeSeparationFolder);
        }

        var server = new SshServer(machine.Start(InstalledProgram.Get("sshd"), ["-D", "-e", "-f", configuration]), makes, port, clientKey, knownHosts);
        try
        {
            // It writes this when it listens.
            await server._process.WaitForFileAsync(pid, cancellationToken);
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
