using System.Security;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Bench.Transfer;

/// <summary>
/// One peer in a process of its own, told over its standard input what to do and answering a line for each: the engine
/// as the module uses it, without a shell around it.
/// </summary>
internal static class PeerRole
{
    private const string Group = "bench";
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 64 };

    public static async Task<int> RunAsync(string tracker, string fingerprint, string userName, string stateFolder)
    {
        var state = StateFolder.Open(stateFolder);
        using var client = new TrackerClient([TrackerAddress.Parse(tracker, Hash256.Parse(fingerprint))], state.KnownTrackers);
        PeerServer? server = null;
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ', 2);
            switch (words[0])
            {
                case "owner":
                    await client.CreateUserAsync(userName, Password(), CancellationToken.None);
                    await client.LoginAsync(userName, Password(), CancellationToken.None);
                    await client.CreateGroupAsync(Group, CancellationToken.None);
                    server = await PeerServer.StartAsync(client, state, new PeerServerOptions(), CancellationToken.None);
                    break;
                case "join":
                    await client.CreateUserAsync(userName, Password(), CancellationToken.None);
                    await client.LoginAsync(userName, Password(), CancellationToken.None);
                    await client.RequestJoinAsync(Group, CancellationToken.None);
                    break;
                case "approve":
                    await client.ApproveJoinAsync(Group, words[1], CancellationToken.None);
                    break;
                case "start":
                    server = await PeerServer.StartAsync(client, state, new PeerServerOptions(), CancellationToken.None);
                    break;
                case "share":
                    await ShareAsync(server!, words[1]);
                    break;
                case "receive":
                    await ReceiveAsync(client, server!, words[1]);
                    break;
                default:
                    throw new InvalidOperationException($"Unknown word: {words[0]}");
            }

            Console.WriteLine("ok");
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }

        return 0;
    }

    private static Task ShareAsync(PeerServer server, string folder) =>
        Parallel.ForEachAsync(Directory.EnumerateFiles(folder), AtOnce, async (path, cancellationToken) =>
        {
            var file = await FileHasher.HashAsync(path, null, cancellationToken);
            await server.Shares.ShareAsync(file, Group, Path.GetFileName(path), replace: false, cancellationToken);
        });

    private static async Task ReceiveAsync(TrackerClient client, PeerServer server, string folder)
    {
        var files = await client.GetFilesAsync(Group, CancellationToken.None);
        await Parallel.ForEachAsync(files, AtOnce, async (file, _) =>
            await server.Downloads.Start(new DownloadRequest(
                Group, file.Name, file.Content, DestinationPath.Resolve(folder, file.Name), Overwrite: false)).Completion);
    }

    private static SecureString Password()
    {
        // Of accounts that live as long as the benchmark.
        var password = new SecureString();
        foreach (var c in "benchmark-only")
        {
            password.AppendChar(c);
        }

        return password;
    }
}
