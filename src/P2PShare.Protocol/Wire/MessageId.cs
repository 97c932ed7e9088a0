namespace P2PShare.Protocol.Wire;

/// <summary>
/// Kinds of message between peers. The numbers are BitTorrent's if it has the message (BEP 3, 6, 10, 52);
/// those from <see cref="Open"/> on are ours.
/// </summary>
public enum MessageId : byte
{
    /// <summary>Pieces the sender has now (BEP 3, several at once).</summary>
    Have = 4,

    /// <summary>All the pieces the sender has (BEP 3).</summary>
    Bitfield = 5,

    /// <summary>Asks for bytes of a piece (BEP 3).</summary>
    Request = 6,

    /// <summary>Bytes of a piece (BEP 3).</summary>
    Piece = 7,

    /// <summary>Cancels a request (BEP 3).</summary>
    Cancel = 8,

    /// <summary>Stands for a bitfield with every bit set (BEP 6).</summary>
    HaveAll = 14,

    /// <summary>Stands for a bitfield with no bit set (BEP 6).</summary>
    HaveNone = 15,

    /// <summary>Refuses a request (BEP 6).</summary>
    Reject = 16,

    /// <summary>Carries a ticket: first on a connection, and again whenever the ticket is renewed or widened.</summary>
    Hello = 20,

    /// <summary>Asks for part of the piece layer (BEP 52).</summary>
    HashRequest = 21,

    /// <summary>Part of the piece layer (BEP 52).</summary>
    Hashes = 22,

    /// <summary>Refuses a hash request (BEP 52).</summary>
    HashReject = 23,

    /// <summary>Opens a channel for a content on this connection.</summary>
    Open = 24,

    /// <summary>Ends a channel, or with channel 0 the connection, and says why.</summary>
    Close = 25,

    /// <summary>Asks for whole contents of one piece.</summary>
    Get = 26,

    /// <summary>A whole content of one piece.</summary>
    Content = 27,

    /// <summary>Refuses contents that a get asked for.</summary>
    GetReject = 28,

    /// <summary>Asks for hashes below the piece layer (BEP 52).</summary>
    TreeRequest = 29,

    /// <summary>Hashes below the piece layer (BEP 52).</summary>
    TreeHashes = 30,

    /// <summary>Refuses a tree request (BEP 52).</summary>
    TreeReject = 31,

    /// <summary>Asks for a part of a chunk map.</summary>
    MapRequest = 32,

    /// <summary>A part of a chunk map.</summary>
    Map = 33,

    /// <summary>Refuses a map request: there is no map, or it ends before.</summary>
    MapReject = 34,

    /// <summary>Asks for bytes of a piece, which may come as a packed piece.</summary>
    PackedRequest = 35,

    /// <summary>Bytes of a piece, compressed.</summary>
    PackedPiece = 36,

    /// <summary>Never on the wire: what a frame of length 0 is read as (BEP 3).</summary>
    KeepAlive = 255,
}
