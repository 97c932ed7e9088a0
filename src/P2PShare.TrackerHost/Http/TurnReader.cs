using System.IO.Pipelines;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// What a client sends during its handshake, which works only while it has a turn. A turn ends as soon as the handshake waits for the client: then it uses no processor.
/// When the client has sent more, the handshake waits for another turn.
/// </summary>
/// <param name="turn">The first turn.</param>
/// <param name="enter">Waits for another turn; it throws if there is none.</param>
internal sealed class TurnReader(PipeReader input, FairGate.Turn turn, Func<CancellationToken, Task<FairGate.Turn>> enter) : PipeReader
{
    private FairGate.Turn _turn = turn;
    private int _hasEnded;

    /// <summary>Ends the turn: the handshake is over, and what follows needs none.</summary>
    public void End()
    {
        Interlocked.Exchange(ref _hasEnded, 1);
        Volatile.Read(ref _turn).Dispose();
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = input.ReadAsync(cancellationToken);
        return read.IsCompleted || Volatile.Read(ref _hasEnded) == 1 ? read : WaitAsync(read, cancellationToken);
    }

    public override bool TryRead(out ReadResult result) => input.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read, CancellationToken cancellationToken)
    {
        _turn.Dispose();
        var result = await read;
        if (Volatile.Read(ref _hasEnded) == 1)
        {
            return result;
        }

        var next = await enter(cancellationToken);
        Interlocked.Exchange(ref _turn, next);
        if (Volatile.Read(ref _hasEnded) == 1)
        {
            // It ended meanwhile, and did not see this turn.
            next.Dispose();
        }

        return result;
    }
}
