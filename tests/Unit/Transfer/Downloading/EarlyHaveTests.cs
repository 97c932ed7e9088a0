using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Downloading;
using static P2PShare.Unit.Transfer.Downloading.TestContent;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class EarlyHaveTests
{
    // The reader sees the listener before the thread that attaches has added the source: a have comes in between.
    [Fact]
    public void A_have_that_comes_while_a_source_is_attached_throws_nothing()
    {
        var content = Make(4 * 16 * KiB, 16 * KiB);
        var clock = new FakeTimeProvider();
        var scheduler = new RequestScheduler(content.Description, content.None, new Random(1), new PieceMemoryBudget(1L << 30), clock);
        var source = new DownloadSource(new FakeSource(1), clock);

        var problem = Record.Exception(() => scheduler.AddHaves(source, [0]));

        Assert.Null(problem);
        scheduler.Add(source, content.None);
        Assert.True(source.Has![0]);
    }
}
