using System.Security;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Bench.Swarm;

/// <summary>One P2PShare peer in a process of its own, told over its standard input what to do and answering a line for each.</summary>
internal static class PeerRole
{
    private const string Group = "bench";

    public static async Task<int> RunAsync(string tracker, string fingerprint, string userName, string stateFolder)
    {
        var state = StateFolder.Open(stateFolder);
        using var client = new TrackerClient([TrackerAddress.Parse(tracker, Hash256.Parse(fingerprint))], state.KnownTrackers);
        PeerServer? server = null;
        FileResponse[] files = [];
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ', 2);
            switch (words[0])
            {
                case "login":
                    await client.CreateUserAsync(userName, Password(), CancellationToken.None);
                    await client.LoginAsync(userName, Password(), CancellationToken.None);
                    break;
                case "group":
                    await client.CreateGroupAsync(Group, CancellationToken.None);
                    break;
                case "join":
                    await client.RequestJoinAsync(Group, CancellationToken.None);
                    break;
                case "approve":
                    await client.ApproveJoinAsync(Group, words[1], CancellationToken.None);
                    break;
                case "start":
                    var options = Environment.GetEnvironmentVariable("SWARM_TRACE") is null ? new PeerServerOptions() : new PeerServerOptions
                    {
                        Logger = new SentenceLogger(LogLevel.Debug, sentence => Console.Error.WriteLine($"{DateTime.Now:mm:ss.fff} {userName}: {sentence}")),
                    };
                    server = await PeerServer.StartAsync(client, state, options, CancellationToken.None);
                    break;
                case "stop":
                    await server!.DisposeAsync();
                    break;
                case "share":
                    var hashed = await FileHasher.HashAsync(words[1], null, CancellationToken.None);
                    await server!.Shares.ShareAsync(hashed, Group, Path.GetFileName(words[1]), replace: false, CancellationToken.None);
                    break;
                case "list":
                    files = [.. await client.GetFilesAsync(Group, CancellationToken.None)];
                    break;
                case "receive":
                    var path = words[1];
                    var file = files.Single(file => file.Name == Path.GetFileName(path));
                    try
                    {
                        await server!.Downloads.Start(new DownloadRequest(Group, file.Name, file.Content, path, Overwrite: false)).Completion;
                    }
                    catch (P2PShareException e)
                    {
                        Console.WriteLine(e.Message);
                        continue;
                    }

                    break;
                default:
                    throw new InvalidOperationException($"Unknown word: {words[0]}");
            }

            Console.WriteLine("ok");
        }

        return 0;
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
