using System.Security.Cryptography;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;

namespace P2PShare.Integration.Transfer;

/// <summary>Connections that break and bytes that change on the way, between honest peers.</summary>
public sealed class BadNetworkTests
{
    private const int Receivers = 8;
    private const int Faults = 48;

    // So much that it cannot be fetched over the connections that get a fault alone: every fault is met.
    private const int Size = Faults * FaultyProxy.LastFaultAt / Receivers + 400_000;

    // A flipped bit in the length of a TLS record makes the other side wait for bytes that never come; each time it takes
    // half a minute until that source is given up.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);

    [Theory]
    [InlineData(Fault.Cut)]
    [InlineData(Fault.FlippedBit)]
    public Task Downloads_continue_by_themselves_and_complete_whatever_the_network_does(object fault)
    {
        var random = new SeededRandom();
        return random.RunAsync(async () =>
        {
            // The seed is announced once, with the proxy's port, and not again.
            await using var tracker = await TestTracker.StartAsync(options => options.AnnounceInterval = TimeSpan.FromHours(1));
            await using var seed = await TestPeer.StartAsync(tracker, "seed", null);
            var receivers = new List<TestPeer>();
            try
            {
                var contents = new List<byte[]>();
                var files = new List<FileResponse>();
                for (var i = 0; i < Receivers; i++)
                {
                    receivers.Add(await TestPeer.StartAsync(tracker, $"receiver{i}", seed, new PeerServerOptions { SourceTimeout = Limit }));
                    contents.Add(RandomNumberGenerator.GetBytes(Size));
                    // A content of its own for each: none can fetch from another one, past the proxy.
                    files.Add(await seed.ShareAsync($"data{i}.bin", contents[i]));
                }

                await using var proxy = new FaultyProxy(seed.Server.Port, (Fault)fault, Faults, random.Random);
                await seed.Client.AnnounceAsync(
                    new AnnounceRequest(
                        seed.Server.Fingerprint, proxy.Port, [], Full: true,
                        [.. files.Select(file => new Announcement(file.GroupId, file.PiecesRoot!.Value, true))], [], RevocationsAfter: 0),
                    CancellationToken.None);

                var downloads = receivers.Select((receiver, i) => receiver.Receive(files[i])).ToArray();
                await Task.WhenAll(downloads.Select(download => download.Completion)).WaitAsync(Limit);

                for (var i = 0; i < Receivers; i++)
                {
                    Assert.Equal(contents[i], await File.ReadAllBytesAsync(receivers[i].DestinationOf(files[i].Name)));
                }

                // One that both sides gave up before its fault came may have brought some bytes.
                Assert.InRange(proxy.FaultsDone, Faults - Receivers, Faults);
            }
            finally
            {
                foreach (var receiver in receivers)
                {
                    await receiver.DisposeAsync();
                }
            }
        });
    }
}
