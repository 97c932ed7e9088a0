using System.Diagnostics;
using System.Globalization;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.Transfer;

/// <summary>
/// A long life does not leak: two peers of one process share, receive and withdraw files again and again. Long by the environment variable
/// P2PSHARE_SOAK (minutes); without it as long as it takes to tell growth from noise.
/// </summary>
[Collection(nameof(Alone))]
public sealed class SoakTests
{
    private const int Files = 31;
    // Until as many downloads have ended as are kept.
    private const int WarmUp = 40;
    private const int Rounds = 120;

    // What may differ by chance, and what one round may leave: less than one object for ten files.
    private const long Noise = 5 << 20;
    private const long BytesPerRound = 128;

    [Fact]
    public async Task Sharing_receiving_and_withdrawing_again_and_again_leaves_nothing()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var alice = await TestPeer.StartAsync(tracker, "alice", null);
        await using var bob = await TestPeer.StartAsync(tracker, "bob", alice);
        var minutes = double.Parse(Environment.GetEnvironmentVariable("P2PSHARE_SOAK") ?? "0", CultureInfo.InvariantCulture);
        var random = new Random(1);
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < WarmUp; round++)
        {
            await RunRoundAsync(alice, bob, random);
        }

        var before = Measure();
        var rounds = 0;
        for (; rounds < Rounds || clock.Elapsed.TotalMinutes < minutes; rounds++)
        {
            await RunRoundAsync(alice, bob, random);
            if (rounds % 100 == 99)
            {
                Console.WriteLine($"{clock.Elapsed.TotalMinutes:F1} min, {rounds + 1} rounds: {Measure()}");
            }
        }

        var after = Measure();
        Assert.True(
            after.Heap - before.Heap < Noise + BytesPerRound * rounds,
            $"The heap grew from {before} to {after} in {rounds} rounds: {(after.Heap - before.Heap) / rounds} bytes a round.");
        Assert.InRange(after.Handles, 0, before.Handles + 20);
        Assert.InRange(after.Threads, 0, before.Threads + 20);
        Assert.Empty(alice.Warnings);
        Assert.Empty(bob.Warnings);
    }

    private static async Task RunRoundAsync(TestPeer alice, TestPeer bob, Random random)
    {
        var shared = new List<FileResponse>();
        for (var i = 0; i < Files; i++)
        {
            shared.Add(await alice.ShareAsync($"file {i}", MakeContent(random)));
        }

        foreach (var download in shared.Select(file => bob.Receive(file, overwrite: true)).ToList())
        {
            await download.Completion;
        }

        await alice.Server.Shares.WithdrawAsync(TestPeer.Group, [.. shared.Select(file => file.Name)], CancellationToken.None);
        lock (alice.Uploads)
        {
            alice.Uploads.Clear();
        }
    }

    private static byte[] MakeContent(Random random)
    {
        var content = new byte[10_000];
        random.NextBytes(content);
        return content;
    }

    private static Use Measure()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        var handles = OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : process.HandleCount;
        return new Use(GC.GetTotalMemory(forceFullCollection: true), handles, process.Threads.Count);
    }

    private sealed record Use(long Heap, int Handles, int Threads);
}
