using Microsoft.Extensions.Logging;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer.Connections;

/// <summary>What all connections of a peer server share.</summary>
/// <param name="ReportUpload">Receives what a peer fetched of a content, when it stops fetching; called on any thread.</param>
internal sealed record ConnectionContext(
    AccessGuard Access,
    Admission Admission,
    IContentLookup Contents,
    BandwidthLimiter UploadLimiter,
    SendBudget SendBudget,
    TransferMetrics Metrics,
    Action<UploadRecord> ReportUpload,
    ILogger Logger,
    TimeProvider Clock)
{
    /// <summary>Makes the answers to tree requests.</summary>
    public TreeReader Trees { get; } = new(Clock);

    /// <summary>Compresses blocks where that saves time, and restores those that arrive so.</summary>
    public BlockCompressor Compressor { get; init; } = new(new CompressionChoice(Clock), Clock);

    /// <summary>The chunk maps that are served; null if none are.</summary>
    public ChunkMapStore? Maps { get; init; }
}
