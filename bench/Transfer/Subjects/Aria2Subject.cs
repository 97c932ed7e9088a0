using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>aria2c with four connections, which checks the file's SHA-256 when it is complete.</summary>
internal sealed class Aria2Subject(string name) : NginxSubject(name)
{
    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("nginx", "openssl", "aria2c");

    public override Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken) => RunAsync(
        InstalledProgram.Get("aria2c"),
        [
            "--no-conf", "--quiet", "--max-connection-per-server=4", "--split=4", "--min-split-size=1M", "--file-allocation=falloc",
            $"--checksum=sha-256={content.Sha256}", $"--ca-certificate={Server.Certificate}", $"--dir={folder}", Server.Url + content.Name,
        ],
        cancellationToken);
}
