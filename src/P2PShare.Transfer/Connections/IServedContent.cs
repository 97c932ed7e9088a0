using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Connections;

/// <summary>A content as channels show and serve it. Safe for concurrent use.</summary>
internal interface IServedContent
{
    ContentDescription Description { get; }

    Hash256 PiecesRoot { get; }

    /// <summary>One hash a piece; empty if there are fewer than two pieces, or while it is not known yet.</summary>
    IReadOnlyList<Hash256> PieceLayer { get; }

    /// <summary>The channels on which other peers see it.</summary>
    IEnumerable<ContentChannel> Channels { get; }

    /// <summary>A copy of what can be served now.</summary>
    Bitfield GetHave();

    bool Has(int piece);

    /// <summary>Reads bytes of pieces that can be served.</summary>
    /// <exception cref="P2PShareException">The file is gone or has changed: SourceFileChanged, PathNotFound, PathUnreadable.</exception>
    void Read(long offset, Span<byte> buffer);

    /// <summary>A name that it has in a group; null if it is not offered there.</summary>
    string? NameIn(Guid group);

    void Attach(ContentChannel channel);

    void Detach(ContentChannel channel);

    /// <summary>Hands a channel that the other side opened to the download that runs, if any.</summary>
    void Accept(ContentChannel channel);

    /// <summary>Whether super-seeding lets a peer have a piece now. If not, <see cref="Defer"/> must be called.</summary>
    bool TryAssign(ContentChannel channel, int piece);

    /// <summary>Keeps a piece that was refused, to tell the peer later that it can have it.</summary>
    void Defer(ContentChannel channel, int piece);

    /// <summary>Counts pieces that a peer reports to have.</summary>
    void AddHaves(ContentChannel channel, IEnumerable<int> pieces);
}
