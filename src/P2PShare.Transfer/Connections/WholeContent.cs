namespace P2PShare.Transfer.Connections;

/// <summary>A content of one piece that is read as a whole.</summary>
/// <param name="content">Of one piece.</param>
/// <param name="buffer">As long as the content; receives its bytes.</param>
internal sealed class WholeContent(IServedContent content, Memory<byte> buffer)
{
    public IServedContent Content => content;

    public Memory<byte> Buffer => buffer;

    /// <summary>Whether the buffer has the content's bytes.</summary>
    public bool IsRead { get; set; }
}
