using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Transfer.Subjects;

/// <summary>One curl that downloads many files over eight connections that it keeps.</summary>
internal sealed class ParallelCurlSubject(string name) : NginxSubject(name)
{
    public override Task<bool> IsInstalledAsync(CancellationToken cancellationToken) => AllInstalled("nginx", "openssl", "curl");

    public override async Task ReceiveAsync(Content content, string folder, CancellationToken cancellationToken)
    {
        // The list is part of the command: ten thousand names do not fit into arguments.
        var list = At("curl.list");
        Directory.CreateDirectory(folder);
        await File.WriteAllLinesAsync(
            list, content.Names.Select(name => $"url = \"{Server.Url}{name}\"\noutput = \"{Path.Combine(folder, name)}\""), cancellationToken);
        string[] arguments =
            ["--disable", "--silent", "--show-error", "--fail", "--http1.1", "--cacert", Server.Certificate, "--parallel", "--parallel-max", "8", "--config", list];
        await RunAsync(InstalledProgram.Get("curl"), arguments, cancellationToken);
    }
}
