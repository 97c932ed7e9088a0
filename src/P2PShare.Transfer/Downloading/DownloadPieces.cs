using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>The pieces of a download: what <see cref="LocalReuse"/> finds is written, the rest fetched.</summary>
internal sealed class DownloadPieces(IPartFile part, RequestScheduler scheduler, RequestSender requests, PieceReceiver receiver) : IReuseTarget
{
    public bool Has(int piece) => part.Has(piece);

    public Hash256 HashOf(int piece) => part.PieceHash(piece);

    public int[] Hold(int[] pieces) => scheduler.Hold(pieces);

    public void Release(int piece, PiecePlan? plan) => scheduler.Release(piece, plan);

    public void Take(int piece, ReadOnlySpan<byte> bytes, IReusedBytes from) => receiver.AddReused(piece, bytes);

    public void Fill(PiecePlan plan) => receiver.Fill(plan);

    public void Send() => requests.SendAll();
}
