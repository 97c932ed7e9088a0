using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A scheduler with sources that send what the test tells them to.</summary>
internal sealed class SchedulerDriver
{
    private int _sources;

    public SchedulerDriver(TestContent content, Bitfield? have = null, PieceMemoryBudget? budget = null, int seed = 1)
    {
        Content = content;
        Scheduler = new RequestScheduler(
            content.Description, have ?? content.None, new Random(seed), budget ?? new PieceMemoryBudget(long.MaxValue), Clock);
    }

    public FakeTimeProvider Clock { get; } = new();

    public TestContent Content { get; }

    public RequestScheduler Scheduler { get; }

    /// <summary>Adds a source that has the given pieces; all of them if none are given.</summary>
    public DownloadSource Add(Bitfield? has = null, Hash256? fingerprint = null)
    {
        var source = new DownloadSource(new FakeSource(++_sources, fingerprint), Clock);
        Scheduler.Add(source, has ?? Content.All);
        return source;
    }

    /// <summary>Takes the next request to a source, which must exist.</summary>
    public BlockRange Take(DownloadSource source)
    {
        Assert.True(Scheduler.TryTakeNext(source, out var range));
        return range;
    }

    /// <summary>Takes all requests that a source gets now.</summary>
    public List<BlockRange> TakeAll(DownloadSource source)
    {
        var ranges = new List<BlockRange>();
        while (Scheduler.TryTakeNext(source, out var range))
        {
            ranges.Add(range);
        }

        return ranges;
    }

    public BlockRequest? Begin(DownloadSource source, BlockRange range) =>
        Scheduler.BeginReceive(source, range.Piece, range.Begin, range.Count);

    /// <summary>Lets the blocks of a request arrive.</summary>
    /// <returns>The whole piece, if it is whole; and the sources to cancel.</returns>
    public (ActivePiece? Whole, DownloadSource[] Losers) Send(DownloadSource source, BlockRange range, bool isWrong = false)
    {
        var request = Assert.IsType<BlockRequest>(Begin(source, range));
        Content.GetBlocks(range.Piece, range.Begin, range.Count).CopyTo(request.Buffer.Span);
        if (isWrong)
        {
            request.Buffer.Span[^1] ^= 1;
        }

        request.Hash();
        var (isWhole, losers) = Scheduler.EndReceive(source, request);
        return (isWhole ? request.Piece : null, losers);
    }

    /// <summary>As the receiver does with a whole piece: verifies it and reports the result.</summary>
    /// <returns>Whether it was right, and the peers that are found out.</returns>
    public (bool IsRight, IReadOnlyList<Hash256> Corrupt) Verify(ActivePiece? piece)
    {
        Assert.NotNull(piece);
        return piece.ComputeHash(Content.Description) == Content.Layer[piece.Index]
            ? (true, Scheduler.Complete(piece))
            : (false, Scheduler.Fail(piece));
    }
}
