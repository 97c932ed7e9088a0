using P2PShare.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class ReadGateTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Readers_overlap_and_a_writer_is_alone()
    {
        var gate = new ReadGate();
        var (readers, writers, isWrong) = (0, 0, false);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(number => Task.Run(() =>
        {
            for (var i = 0; i < 3000; i++)
            {
                if (number < 2)
                {
                    gate.EnterWrite();
                    isWrong |= Interlocked.Increment(ref writers) != 1 || Volatile.Read(ref readers) != 0;
                    Interlocked.Decrement(ref writers);
                    gate.ExitWrite();
                }
                else
                {
                    gate.EnterRead();
                    Interlocked.Increment(ref readers);
                    isWrong |= Volatile.Read(ref writers) != 0;
                    Interlocked.Decrement(ref readers);
                    gate.ExitRead();
                }
            }
        }))).WaitAsync(Limit);

        Assert.False(isWrong);
        gate.EnterRead();
        // A second one does not wait for the first.
        await Task.Run(() =>
        {
            gate.EnterRead();
            gate.ExitRead();
        }).WaitAsync(Limit);
        gate.ExitRead();
    }

    [Fact]
    public async Task A_writer_that_waits_is_let_in_before_readers_that_come_later()
    {
        var gate = new ReadGate();
        var order = new List<string>();
        gate.EnterRead();
        var writer = new Thread(() =>
        {
            gate.EnterWrite();
            order.Add("writer");
            gate.ExitWrite();
        });
        var reader = new Thread(() =>
        {
            gate.EnterRead();
            order.Add("reader");
            gate.ExitRead();
        });
        writer.Start();
        await Eventually.HoldsAsync(() => writer.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the writer waits");
        reader.Start();
        await Eventually.HoldsAsync(() => reader.ThreadState.HasFlag(ThreadState.WaitSleepJoin), "the later reader waits");

        gate.ExitRead();

        Assert.True(writer.Join(Limit) && reader.Join(Limit));
        Assert.Equal(["writer", "reader"], order);
    }
}
