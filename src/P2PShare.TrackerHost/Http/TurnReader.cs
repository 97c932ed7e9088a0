using System.IO.Pipelines;

namespace P2PShare.TrackerHost.Http;

/// <summary>What a client sends. A turn ends as soon as its handshake waits for the client: then it uses no processor.</summary>
internal sealed class TurnReader(PipeReader input, FairGate.Turn turn) : PipeReader
{
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = input.ReadAsync(cancellationToken);
        if (!read.IsCompleted)
        {
            turn.Dispose();
        }

        return read;
    }

    public override bool TryRead(out ReadResult result) => input.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null) => input.Complete(exception);
}
