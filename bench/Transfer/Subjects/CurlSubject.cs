using P2PShare.Bench.Measuring;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>curl; and, if asked for, openssl over the received file when it is complete, as a careful script does.</summary>
internal sealed class CurlSubject(string name, bool verifies) : NginxSubject(name)
{
    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("nginx", "openssl", "curl");

    public override async Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, content.Name);
        string[] arguments =
            ["--disable", "--silent", "--show-error", "--fail", "--cacert", Server.Certificate, "--create-dirs", "--output", path, Server.Url + content.Name];
        await RunAsync(InstalledProgram.Get("curl"), arguments, cancellationToken);
        if (verifies)
        {
            var output = await RunAsync(InstalledProgram.Get("openssl"), ["dgst", "-sha256", "-r", path], cancellationToken);
            if (!output.StartsWith(content.Sha256, StringComparison.Ordinal))
            {
                throw new BenchException($"the SHA-256 of the received file is {output.Split(' ')[0]}, not {content.Sha256}.");
            }
        }
    }
}
