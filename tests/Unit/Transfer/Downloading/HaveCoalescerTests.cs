using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class HaveCoalescerTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly Channel<int[]> _sent = Channel.CreateUnbounded<int[]>();
    private readonly HaveCoalescer _coalescer;

    public HaveCoalescerTests() => _coalescer = new HaveCoalescer(pieces => Assert.True(_sent.Writer.TryWrite(pieces)), _clock);

    [Fact]
    public void The_first_piece_is_announced_at_once()
    {
        _coalescer.Add(3);

        Assert.True(_sent.Reader.TryRead(out var pieces));
        Assert.Equal([3], pieces);
    }

    [Fact]
    public async Task Pieces_of_the_next_50_milliseconds_are_announced_together()
    {
        _coalescer.Add(3);
        await ExpectAsync(3);
        _coalescer.Add(4);
        _clock.Advance(TimeSpan.FromMilliseconds(30));
        _coalescer.Add(5);
        Assert.False(_sent.Reader.TryRead(out _));

        _clock.Advance(TimeSpan.FromMilliseconds(20));
        await ExpectAsync(4, 5);
    }

    [Fact]
    public async Task After_a_quiet_interval_a_piece_is_announced_at_once_again()
    {
        _coalescer.Add(3);
        await ExpectAsync(3);
        _clock.Advance(TimeSpan.FromMilliseconds(50));

        _coalescer.Add(4);
        await ExpectAsync(4);
        _coalescer.Add(5);
        Assert.False(_sent.Reader.TryRead(out _));
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        await ExpectAsync(5);
    }

    private async Task ExpectAsync(params int[] pieces) => Assert.Equal(pieces, await _sent.Reader.ReadAsync());
}
