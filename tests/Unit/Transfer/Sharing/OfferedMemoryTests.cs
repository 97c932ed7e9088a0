using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;
using P2PShare.Unit.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Sharing;

/// <summary>What a shared file takes for as long as it is shared: a user may share hundreds of thousands.</summary>
[Collection(nameof(Alone))]
public sealed class OfferedMemoryTests
{
    private const int Count = 10_000;

    [Fact]
    public void An_offered_file_takes_less_than_a_kilobyte_with_its_path_its_name_and_its_announcement()
    {
        var clock = new FakeTimeProvider();
        var group = Guid.NewGuid();
        using var offered = new OfferedContents(clock);
        var announced = new AnnounceState(clock, new FixedRandom(0.5));
        Offer(offered, announced, clock, group, -1);
        Announce(announced);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Count; i++)
        {
            Offer(offered, announced, clock, group, i);
        }

        Announce(announced);

        var held = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;

        Assert.Equal(Count + 1, offered.NameCount);
        GC.KeepAlive(announced);
        Assert.True(held < 1000, $"{held} bytes are held for each.");
    }

    private static void Announce(AnnounceState announced)
    {
        while (announced.HasPending)
        {
            announced.Accept(announced.TakeBatch(), new AnnounceResponse(30, Known: true, [], [], 0), isOwnRevoked: false);
        }
    }

    // As a tracker's answer and the hasher make them: nothing in common with those of another file.
    private static void Offer(OfferedContents offered, AnnounceState announced, TimeProvider clock, Guid group, int number)
    {
        var root = Hash256.Compute(BitConverter.GetBytes(number));
        var file = new HashedFile(
            $"/home/alice/projects/many/file{number}.bin", DateTimeOffset.UnixEpoch, new ContentDescription(1024, PieceLength.For(1024), root), [], new FileIdentity(1, number, 2));
        offered.Add(new SharedContent(file, clock), new OfferedName(new GroupIdentity(group, new string("builds".ToCharArray())), $"many/file{number}.bin", IsReceived: false));
        announced.Hold(group, root, isComplete: true);
    }
}
