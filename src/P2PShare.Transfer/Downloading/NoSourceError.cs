using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>Why a download ends without having been completed: no peer could give what is missing.</summary>
internal static class NoSourceError
{
    public static P2PShareException Create(DownloadRequest request, SourcePool sources)
    {
        var why = sources.LastProblem is { } problem ? $" The last problem: {problem.TrimEnd('.')}." : "";
        var peers = sources.KnownPeers == 0
            ? "No peer that has it is online"
            : $"None of the {sources.KnownPeers} peers that the tracker knows could give what is missing";
        return new P2PShareException(
            ErrorCode.NoSourceOnline,
            $"'{request.Name}' of group '{request.Group}' could not be fetched. {peers}.{why} What was verified is kept: run the same command again when one is.");
    }
}
