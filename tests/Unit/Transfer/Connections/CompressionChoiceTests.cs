using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public class CompressionChoiceTests
{
    private const int Block = 256 * 1024;

    private readonly FakeTimeProvider _clock = new();
    private readonly CompressionChoice _choice;
    private readonly CompressionTrial _trial = new();

    public CompressionChoiceTests() => _choice = new CompressionChoice(_clock);

    [Fact]
    public void Nothing_is_compressed_before_the_speed_of_the_line_is_known()
    {
        Assert.False(_choice.ShouldTry(_trial));
        _choice.ReportSent(Block);
        Assert.False(_choice.ShouldTry(_trial));

        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(_choice.ShouldTry(_trial));
        _choice.IsEnabled = false;
        Assert.False(_choice.ShouldTry(_trial));
    }

    [Theory]
    // 10 MB/s of line and 200 MB/s of processor: compressing what halves saves time. Not at 400 MB/s of line.
    [InlineData(10, 0.5, true)]
    [InlineData(400, 0.5, false)]
    // What shrinks by a fifth has to be five times as fast to compress as the line.
    [InlineData(30, 0.8, true)]
    [InlineData(60, 0.8, false)]
    public void A_block_is_compressed_if_the_line_takes_longer_for_what_is_saved_than_the_processor(int megabytesPerSecond, double left, bool isWorthIt)
    {
        // One block of 256 KiB at 200 MB/s takes 1.3 ms.
        Send(megabytesPerSecond, seconds: 3);
        for (var i = 0; i < 20; i++)
        {
            _choice.Report(_trial, Block, (int)(Block * left), TimeSpan.FromSeconds(Block / 200e6));
        }

        Assert.Equal(isWorthIt, _choice.ShouldTry(_trial));
    }

    [Fact]
    public void A_speed_that_was_measured_on_a_busy_machine_is_measured_again()
    {
        Send(megabytesPerSecond: 10, seconds: 3);
        // The first block compiles the compressor, and says nothing of the speed.
        _choice.Report(_trial, Block, Block / 2, TimeSpan.FromMilliseconds(300));
        Assert.True(_choice.ShouldTry(_trial));
        // 3 MB/s.
        _choice.Report(_trial, Block, Block / 2, TimeSpan.FromMilliseconds(85));
        Assert.False(_choice.ShouldTry(_trial));

        Send(megabytesPerSecond: 10, seconds: 5);
        Assert.True(_choice.ShouldTry(_trial));
        // 200 MB/s.
        _choice.Report(_trial, Block, Block / 2, TimeSpan.FromSeconds(Block / 200e6));

        Assert.True(_choice.ShouldTry(_trial));
    }

    [Fact]
    public void It_pauses_while_compressing_takes_too_much_of_the_processors()
    {
        Send(megabytesPerSecond: 1, seconds: 3);
        Assert.True(_choice.Report(_trial, Block, Block / 10, 3 * Environment.ProcessorCount * TimeSpan.FromSeconds(1)));

        Assert.False(_choice.ShouldTry(_trial));
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False(_choice.ShouldTry(_trial));
        Send(megabytesPerSecond: 1, seconds: 10);
        for (var i = 0; i < 50; i++)
        {
            _choice.Report(_trial, Block, Block / 10, TimeSpan.FromMilliseconds(1));
        }

        Assert.True(_choice.ShouldTry(_trial));
    }

    [Fact]
    public void After_a_block_that_does_not_shrink_the_next_ones_go_as_they_are_twice_as_many_each_time()
    {
        Send(megabytesPerSecond: 1, seconds: 3);
        var tries = 0;
        for (var i = 0; i < 1000; i++)
        {
            if (_choice.ShouldTry(_trial))
            {
                tries++;
                Assert.False(_choice.Report(_trial, Block, Block, TimeSpan.FromTicks(1)));
            }
        }

        // 1 + 2 + 4 … 256 are skipped, then 256 each time.
        Assert.InRange(tries, 9, 11);
    }

    private void Send(int megabytesPerSecond, int seconds)
    {
        for (var i = 0; i < 10 * seconds; i++)
        {
            _choice.ReportSent(megabytesPerSecond * 100_000);
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }
    }
}
