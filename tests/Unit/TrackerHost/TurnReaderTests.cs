using System.IO.Pipelines;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

public sealed class TurnReaderTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly FairGate _gate = new(1, 10, 10);
    private readonly Pipe _pipe = new();

    [Fact]
    public async Task A_handshake_that_waited_for_its_client_continues_only_with_another_turn()
    {
        var reader = await StartAsync();
        Assert.Equal(1, _gate.Inside);

        var read = reader.ReadAsync().AsTask();
        Assert.Equal(0, _gate.Inside);
        using var other = await EnterAsync();
        await _pipe.Writer.WriteAsync(new byte[10]);
        await WaitForWaitingAsync();
        Assert.False(read.IsCompleted);

        other!.Dispose();

        reader.AdvanceTo((await read.WaitAsync(Deadline)).Buffer.End);
        Assert.Equal(1, _gate.Inside);
        reader.End();
        Assert.Equal(0, _gate.Inside);
    }

    [Fact]
    public async Task What_has_been_sent_already_is_read_in_the_same_turn_and_after_the_handshake_without_one()
    {
        var reader = await StartAsync();
        await _pipe.Writer.WriteAsync(new byte[10]);
        reader.AdvanceTo((await reader.ReadAsync()).Buffer.End);
        Assert.Equal(1, _gate.Inside);
        reader.End();
        using var other = await EnterAsync();

        var read = reader.ReadAsync().AsTask();
        await _pipe.Writer.WriteAsync(new byte[10]);

        reader.AdvanceTo((await read.WaitAsync(Deadline)).Buffer.End);
        Assert.Equal((1, 0), (_gate.Inside, _gate.Waiting));
    }

    [Fact]
    public async Task A_turn_that_comes_after_the_end_is_given_back()
    {
        var reader = await StartAsync();
        var read = reader.ReadAsync().AsTask();
        using var other = await EnterAsync();
        await _pipe.Writer.WriteAsync(new byte[10]);
        await WaitForWaitingAsync();
        reader.End();

        other!.Dispose();

        await read.WaitAsync(Deadline);
        Assert.Equal(0, _gate.Inside);
    }

    private async Task WaitForWaitingAsync()
    {
        using var patience = new CancellationTokenSource(Deadline);
        while (_gate.Waiting == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private async Task<TurnReader> StartAsync() => new(_pipe.Reader, (await EnterAsync())!, async cancellationToken =>
        (await _gate.EnterAsync("a", isPreferred: true, cancellationToken))!);

    private Task<FairGate.Turn?> EnterAsync() => _gate.EnterAsync("b", isPreferred: false, CancellationToken.None);
}
