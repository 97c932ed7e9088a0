namespace P2PShare.Protocol.Content;

/// <summary>A content as every party knows it: size, piece length and pieces root.</summary>
/// <param name="Size">Bytes; 0 to 16 TiB.</param>
/// <param name="PieceLength">Bytes in a piece: a power of two from 16 KiB to 16 MiB.</param>
/// <param name="PiecesRoot">BEP 52's pieces root; null for an empty content, which has none.</param>
public sealed record ContentDescription(long Size, int PieceLength, Hash256? PiecesRoot)
{
    /// <summary>Number of pieces; 0 for an empty content.</summary>
    public int PieceCount => Content.PieceLength.Count(Size, PieceLength);

    /// <summary>Bytes in piece <paramref name="index"/>.</summary>
    public int PieceSize(int index) => Content.PieceLength.SizeOf(Size, PieceLength, index);

    /// <summary>The reason why these numbers cannot describe a content, as a sentence; null if they can.</summary>
    public string? FindProblem()
    {
        if (Size is < 0 or > Content.PieceLength.MaxContentSize)
        {
            return $"A content has 0 to {Content.PieceLength.MaxContentSize} bytes, not {Size}.";
        }

        if (!Content.PieceLength.IsValid(PieceLength))
        {
            return $"A piece length is a power of two from {Content.PieceLength.Block} to {Content.PieceLength.Max}, not {PieceLength}.";
        }

        if ((Size + PieceLength - 1) / PieceLength > 1 << 20)
        {
            return $"A content has at most {1 << 20} pieces; pieces of {PieceLength} bytes are too small for {Size} bytes.";
        }

        return (Size == 0) == (PiecesRoot is null)
            ? null
            : "An empty content has no pieces root, and every other content has one.";
    }
}
