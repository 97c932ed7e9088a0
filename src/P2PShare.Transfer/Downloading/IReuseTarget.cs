using P2PShare.Protocol;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// The pieces that <see cref="LocalReuse"/> decides about, and what becomes of them: a download takes, fetches and writes them, a comparison counts
/// them. Safe for concurrent use.
/// </summary>
internal interface IReuseTarget
{
    /// <summary>Whether nothing is to be decided about a piece any more.</summary>
    bool Has(int piece);

    /// <summary>The hash that a piece must have, which was checked against the pieces root.</summary>
    Hash256 HashOf(int piece);

    /// <summary>Holds back pieces that may not have to be fetched, those that are neither there nor begun.</summary>
    /// <returns>Those that are held back now.</returns>
    int[] Hold(int[] pieces);

    /// <summary>Lets a piece be fetched that was held back. Does not take long.</summary>
    /// <param name="plan">Which of its blocks have to be; null: all.</param>
    void Release(int piece, PiecePlan? plan);

    /// <summary>Lets a piece share the storage of local bytes, if it can. Until it is taken it counts as missing.</summary>
    /// <param name="bytes">Receives what the piece has then.</param>
    bool TryReflink(int piece, Span<byte> bytes, IReusedBytes from) => false;

    /// <summary>Takes a piece that shares the storage of local bytes.</summary>
    /// <param name="piece">Its hash is right.</param>
    void TakeReflinked(int piece) => throw new InvalidOperationException("Nothing shares any storage here.");

    /// <summary>Takes a piece that this side has.</summary>
    /// <param name="bytes">Their hash is right.</param>
    /// <param name="from">Where they come from.</param>
    void Take(int piece, ReadOnlySpan<byte> bytes, IReusedBytes from);

    /// <summary>Makes a piece of which no block has to be fetched; one that turns out wrong is fetched whole.</summary>
    void Fill(PiecePlan plan);

    /// <summary>Sends the requests that are possible now.</summary>
    void Send();
}
