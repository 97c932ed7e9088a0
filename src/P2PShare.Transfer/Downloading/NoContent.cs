using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>A content of which this side has no piece to serve.</summary>
internal sealed class NoContent(ContentDescription content) : IContent
{
    public ContentDescription Description => content;

    public IReadOnlyList<Hash256> PieceLayer => [];

    public Bitfield GetHave() => new(content.PieceCount);

    public bool Has(int piece) => false;

    public void Read(long offset, Span<byte> buffer) => throw new NotSupportedException("It has no piece.");

    public void Release()
    {
        // Nothing is open.
    }

    public void Dispose()
    {
        // Nothing is open.
    }
}
