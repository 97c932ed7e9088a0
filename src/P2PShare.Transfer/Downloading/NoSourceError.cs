using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Why a download or a comparison ends without having been completed: no peer could give what is missing.</summary>
internal static class NoSourceError
{
    public static P2PShareException Create(DownloadRequest request, SourcePool sources) => new(
        ErrorCode.NoSourceOnline,
        $"'{request.Name}' of group '{request.Group}' could not be fetched. {Explain(sources, "what is missing")} What was verified is kept: run the same command again when one is.");

    public static P2PShareException CreateForComparison(DownloadRequest request, SourcePool sources) => new(
        ErrorCode.NoSourceOnline,
        $"'{request.Name}' of group '{request.Group}' is not the same as '{request.Destination}', and how much of it differs could not be found out. {Explain(sources, "its hashes")} Compare again when one is.");

    private static string Explain(SourcePool sources, string missing)
    {
        var why = sources.LastProblem is { } problem ? $" The last problem: {problem.TrimEnd('.')}." : "";
        var peers = sources.KnownPeers == 0
            ? "No peer that has it is online"
            : $"None of the {sources.KnownPeers} peers that the tracker knows could give {missing}";
        return $"{peers}.{why}";
    }
}
