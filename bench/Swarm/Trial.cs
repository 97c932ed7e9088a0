namespace P2PShare.Bench.Swarm;

/// <summary>What a subject works on in one round.</summary>
/// <param name="Tracker">A machine without limit.</param>
/// <param name="Hosts">The seed's first, then the receivers'.</param>
/// <param name="ContentPath">The file that the seed has.</param>
/// <param name="Folder">An empty folder for this round.</param>
internal sealed record Trial(Host Tracker, IReadOnlyList<Host> Hosts, string ContentPath, string Folder)
{
    public string FileName => Path.GetFileName(ContentPath);

    public string FolderOf(int host) => Directory.CreateDirectory(Path.Combine(Folder, $"{host}")).FullName;
}
