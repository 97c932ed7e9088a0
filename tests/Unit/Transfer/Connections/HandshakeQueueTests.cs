using System.Net;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class HandshakeQueueTests
{
    private readonly HandshakeQueue _queue = new(() => 8);

    [Fact]
    public async Task An_address_with_many_handshakes_delays_no_other()
    {
        var crowd = Enumerable.Range(0, 160).Select(_ => Enter(1)).ToArray();

        Assert.Equal(8, crowd.Count(turn => turn.IsCompletedSuccessfully));
        Assert.True(Enter(2).IsCompletedSuccessfully);
        _queue.Exit(Address(1));
        await Eventually.HoldsAsync(() => crowd.Count(turn => turn.IsCompletedSuccessfully) == 9, "the next one has its turn");
        Assert.Equal(151, _queue.WaitingCount);
    }

    [Fact]
    public async Task When_all_turns_are_taken_addresses_take_turns()
    {
        for (byte address = 1; address <= 8; address++)
        {
            for (var i = 0; i < 8; i++)
            {
                await Enter(address);
            }
        }

        var crowd = Enumerable.Range(0, 100).Select(_ => Enter(1)).ToArray();
        var honest = Enter(9);
        Assert.False(honest.IsCompleted);

        _queue.Exit(Address(1));
        _queue.Exit(Address(1));

        await honest.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(99, _queue.WaitingCount);
        Assert.InRange(crowd.Count(turn => turn.IsCompletedSuccessfully), 0, 1);
    }

    [Fact]
    public async Task The_256_networks_of_one_site_delay_no_other()
    {
        for (var turn = 0; turn < 2; turn++)
        {
            for (var network = 0; network < 256; network++)
            {
                _ = _queue.EnterAsync(Network(network), CancellationToken.None);
            }
        }

        var honest = Enter(1);
        Assert.False(honest.IsCompleted);

        // They take turns.
        _queue.Exit(Network(0));
        _queue.Exit(Network(1));

        await honest.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_site_has_eight_times_the_handshakes_of_an_address_and_none_of_its_addresses_delays_another()
    {
        var queue = new HandshakeQueue(() => 1);
        var crowd = Enumerable.Range(0, 20).Select(_ => queue.EnterAsync(Network(0), CancellationToken.None)).ToArray();
        var others = Enumerable.Range(1, 20).Select(network => queue.EnterAsync(Network(network), CancellationToken.None)).ToArray();
        var elsewhere = queue.EnterAsync(Network(256), CancellationToken.None);

        Assert.Equal(1, crowd.Count(turn => turn.IsCompletedSuccessfully));
        Assert.Equal(7, others.Count(turn => turn.IsCompletedSuccessfully));
        Assert.True(elsewhere.IsCompletedSuccessfully);
        queue.Exit(Network(1));
        await others[7].WaitAsync(TimeSpan.FromSeconds(30));
        queue.Exit(Network(0));
        await crowd[1].WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(18 + 12, queue.WaitingCount);
    }

    [Fact]
    public async Task A_handshake_that_gives_up_takes_no_turn()
    {
        using var cancellation = new CancellationTokenSource();
        var running = Enumerable.Range(0, 8).Select(_ => Enter(1)).ToArray();
        var gone = _queue.EnterAsync(Address(1), cancellation.Token);
        var stays = Enter(1);
        Assert.All(running, turn => Assert.True(turn.IsCompletedSuccessfully));
        Assert.Equal(2, _queue.WaitingCount);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        Assert.Equal(1, _queue.WaitingCount);
        _queue.Exit(Address(1));

        await stays.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, _queue.WaitingCount);
    }

    // A /64 network: 0 to 255 are of one /56 network.
    private static IPAddress Network(int number) => Admission.GetLimitedAddress(IPAddress.Parse($"2001:db8:0:{number:x}::1"));

    private static IPAddress Address(byte number) => new([192, 0, 2, number]);

    private Task Enter(byte address) => _queue.EnterAsync(Address(address), CancellationToken.None);
}
