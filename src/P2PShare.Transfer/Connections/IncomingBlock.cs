namespace P2PShare.Transfer.Connections;

/// <summary>A block that a download has requested and that arrives now.</summary>
internal abstract class IncomingBlock
{
    /// <summary>Where its bytes belong; as long as the block.</summary>
    public abstract Memory<byte> Buffer { get; }
}
