using System.Globalization;
using System.Net;
using P2PShare.PeerProcess;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

// A peer in a process of its own, for tests that kill it. Commands come on standard input and answers go to standard
// output, a line each, words between tabs. The process ends with its input: no test leaves one behind.
//
//   start    folder of state, tracker's host:port, its fingerprint, user, password, upload limit (0: none)  -> started
//   share    path, group, name                                                                             -> shared
//   receive  group, name, destination  -> receiving, and then received, or failed with code and message
//   update   as receive, but what is at the destination is replaced
if (Read() is not ["start", var folder, var tracker, var fingerprint, var user, var password, var limit])
{
    return 2;
}

var state = StateFolder.Open(folder);
using var client = new TrackerSession([TrackerAddress.Parse(tracker, Hash256.Parse(fingerprint))], state.KnownTrackers);
using (var secret = new NetworkCredential("", password).SecurePassword)
{
    await client.LoginAsync(user, secret, CancellationToken.None);
}

var options = new PeerServerOptions { Address = IPAddress.Loopback, UploadLimit = LimitOf(limit) };
await using var server = await PeerServer.StartAsync(client, state, options, CancellationToken.None);
var peer = new Commands(client, server, Write);
Write("started");
while (Read() is { } words)
{
    await peer.DoAsync(words);
}

return 0;

static string[]? Read() => Console.ReadLine()?.Split('\t');

static void Write(params string[] words) => Console.WriteLine(string.Join('\t', words));

static long? LimitOf(string text) => long.Parse(text, CultureInfo.InvariantCulture) is var limit and > 0 ? limit : null;
