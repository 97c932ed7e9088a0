using Microsoft.Extensions.Time.Testing;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class ReadPacingTests
{
    private const int Packet = 1448;

    private readonly FakeTimeProvider _clock = new();
    private readonly ReadPacing _pacing;

    public ReadPacingTests() => _pacing = new ReadPacing(_clock);

    [Fact]
    public void A_flood_of_single_packets_is_read_in_larger_steps()
    {
        Read(7, Packet, microseconds: 240);
        Assert.False(_pacing.IsOn);

        Read(1, Packet, microseconds: 240);
        Assert.True(_pacing.IsOn);

        // What arrives in a pause at 6 MB/s.
        Read(100, 24_000, microseconds: 4000);
        Assert.True(_pacing.IsOn);
    }

    [Theory]
    // Messages, whose sender waits for the answer.
    [InlineData(100, 240)]
    // Packets that come one by one.
    [InlineData(Packet, 1500)]
    // Large reads, each of which was worth being woken for.
    [InlineData(16 * 1024, 240)]
    public void Other_reads_never_wait(int length, int microseconds)
    {
        Read(1000, length, microseconds);

        Assert.False(_pacing.IsOn);
    }

    [Theory]
    // A line fast enough that reads are large by themselves.
    [InlineData(64 * 1024)]
    // The flood has ended.
    [InlineData(Packet)]
    [InlineData(0)]
    public void It_ends_when_a_pause_brings_much_or_little(int length)
    {
        Read(8, Packet, microseconds: 240);

        Read(1, length, microseconds: 4000);

        Assert.False(_pacing.IsOn);
    }

    [Fact]
    public void A_message_among_packets_starts_the_count_again()
    {
        Read(7, Packet, microseconds: 240);
        Read(1, 50, microseconds: 240);
        Read(7, Packet, microseconds: 240);

        Assert.False(_pacing.IsOn);
    }

    private void Read(int times, int length, int microseconds)
    {
        for (var i = 0; i < times; i++)
        {
            _clock.Advance(TimeSpan.FromMicroseconds(microseconds));
            _pacing.Add(length);
        }
    }
}
