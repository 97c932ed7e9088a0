namespace P2PShare.Protocol.Wire;

/// <summary>Why a channel or a connection ends.</summary>
public enum CloseReason : byte
{
    /// <summary>Nothing more is wanted.</summary>
    Done = 0,

    /// <summary>The content is not offered here, or no longer.</summary>
    NotOffered = 1,

    /// <summary>The ticket is not valid, or not for this content.</summary>
    TicketRefused = 2,

    /// <summary>The ticket has expired and was not renewed.</summary>
    TicketExpired = 3,

    /// <summary>Too many connections or channels; try another source.</summary>
    Busy = 4,

    /// <summary>The peer server is stopping.</summary>
    ShuttingDown = 5,

    /// <summary>What the other side sent is not this protocol.</summary>
    ProtocolError = 6,

    /// <summary>The two sides have no version in common.</summary>
    VersionUnknown = 7,

    /// <summary>The two peers dialled each other; the other connection stays.</summary>
    Duplicate = 8,
}
