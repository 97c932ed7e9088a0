using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>The pieces of a download: what <see cref="LocalReuse"/> finds is written, the rest fetched.</summary>
/// <param name="mayReflink">Whether the part may share the storage of the old bytes. It has other ones of its own where a file is updated in place.</param>
internal sealed class DownloadPieces(IPartFile part, RequestScheduler scheduler, RequestSender requests, PieceReceiver receiver, bool mayReflink) : IReuseTarget
{
    public bool Has(int piece) => part.Has(piece);

    public Hash256 HashOf(int piece) => part.PieceHash(piece);

    public int[] Hold(int[] pieces) => scheduler.Hold(pieces);

    public void Release(int piece, PiecePlan? plan) => scheduler.Release(piece, plan);

    public bool TryReflink(int piece, Span<byte> bytes, IReusedBytes from)
    {
        var offset = (long)piece * part.Description.PieceLength;
        if (!mayReflink || !from.TryReflink(part, offset, bytes.Length))
        {
            return false;
        }

        part.Read(offset, bytes);
        return true;
    }

    public void TakeReflinked(int piece) => receiver.AddReflinked(piece);

    public void Take(int piece, ReadOnlySpan<byte> bytes, IReusedBytes from) => receiver.AddReused(piece, bytes);

    public void Fill(PiecePlan plan) => receiver.Fill(plan);

    public void Send() => requests.SendAll();
}
