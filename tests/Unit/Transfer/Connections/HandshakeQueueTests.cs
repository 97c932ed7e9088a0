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

    private static IPAddress Address(byte number) => new([192, 0, 2, number]);

    private Task Enter(byte address) => _queue.EnterAsync(Address(address), CancellationToken.None);
}
