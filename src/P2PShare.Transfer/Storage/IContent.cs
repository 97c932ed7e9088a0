using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Storage;

/// <summary>Bytes that can be served: a whole file on disk, or the part of one that was fetched so far.</summary>
internal interface IContent : IDisposable
{
    ContentDescription Description { get; }

    /// <summary>One hash a piece; empty if there are fewer than two pieces, or until it is known.</summary>
    IReadOnlyList<Hash256> PieceLayer { get; }

    /// <summary>A copy of the pieces that it has now.</summary>
    Bitfield GetHave();

    bool Has(int piece);

    /// <summary>Reads bytes of pieces that it has.</summary>
    /// <exception cref="P2PShareException">The file is gone or no longer the same: SourceFileChanged, PathNotFound, PathUnreadable.</exception>
    void Read(long offset, Span<byte> buffer);

    /// <summary>Closes the open file, until the next read.</summary>
    void Release();
}
