namespace P2PShare.Protocol.Content;

/// <summary>How long content-defined chunks are, in bytes: part of the protocol, so that all peers cut equal bytes equally.</summary>
public static class ChunkLength
{
    /// <summary>The least; only the last chunk of a content may be shorter.</summary>
    public const int Min = 4 * 1024;

    /// <summary>What the cuts aim at.</summary>
    public const int Mean = 16 * 1024;

    /// <summary>The most.</summary>
    public const int Max = 64 * 1024;
}
