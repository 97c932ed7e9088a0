using P2PShare.Bench.Measuring.Processes;
using P2PShare.Bench.Transfer.Servers;

namespace P2PShare.Bench.Copy;

/// <summary>A machine that has an SSH server, PowerShell, and nothing of P2PShare.</summary>
/// <param name="Port">Of its SSH server.</param>
/// <param name="Folder">Where the file goes; empty before a round.</param>
internal sealed record CopyTarget(Machine Machine, int Port, SshServer Server, string Folder)
{
    /// <summary>As scp and rsync name a place on it.</summary>
    public string PlaceOf(string path) => $"{Environment.UserName}@{Machine.Address}:{path}";
}
