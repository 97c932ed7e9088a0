using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.PeerProcess;

/// <summary>Does what a line says, and answers.</summary>
internal sealed class Commands(TrackerSession client, PeerServer server, Action<string[]> write)
{
    public async Task DoAsync(string[] words)
    {
        switch (words)
        {
            case ["share", var path, var group, var name]:
                var hashed = await FileHasher.HashAsync(path, null, CancellationToken.None);
                await server.Shares.ShareAsync(hashed, group, name, replace: false, CancellationToken.None);
                write(["shared"]);
                break;
            case ["receive" or "update" or "change", var group, var name, var destination]:
                var files = await client.ListFilesAsync(group, ListQuery.All, CancellationToken.None).ToListAsync();
                var file = files.Single(file => file.Name == name);
                write(["receiving"]);
                _ = ReceiveAsync(new DownloadRequest(file.GroupIdentity, name, file.Content, destination, Overwrite: words[0] != "receive")
                {
                    InPlace = words[0] == "change",
                });
                break;
            default:
                throw new InvalidOperationException($"'{string.Join(' ', words)}' is no command.");
        }
    }

    private async Task ReceiveAsync(DownloadRequest request)
    {
        try
        {
            await server.Downloads.Start(request).Completion;
            write(["received"]);
        }
        catch (P2PShareException e)
        {
            write(["failed", e.Code, e.Message]);
        }
    }
}
