using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Connections;

/// <summary>Where the frame writer reads the blocks that it sends.</summary>
internal interface IBlockSource : IUploadCounter
{
    ContentDescription Description { get; }

    /// <inheritdoc cref="IServedContent.PieceLayer"/>
    IReadOnlyList<Hash256> PieceLayer { get; }

    /// <summary>How well its blocks shrink.</summary>
    CompressionTrial Compression { get; }

    /// <inheritdoc cref="IServedContent.Read"/>
    void Read(long offset, Span<byte> buffer);

    /// <summary>The content cannot be read any more.</summary>
    void ReportUnreadable(Exception problem);
}
