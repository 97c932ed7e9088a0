using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Chunking;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>Asks the tracker which peers have a content of a group.</summary>
/// <exception cref="P2PShareException">The tracker's; <see cref="ErrorCode.FileNotFound"/> if the group has no such content.</exception>
internal delegate Task<SourceLocator.Sources> FindSources(GroupIdentity group, Hash256 piecesRoot, CancellationToken cancellationToken);

/// <summary>Opens or makes the part file of a destination.</summary>
/// <exception cref="P2PShareException">DestinationInUse, DestinationInvalid, PathUnwritable.</exception>
internal delegate IPartFile OpenPart(DownloadRequest request);

/// <summary>What all downloads of a peer server share.</summary>
/// <param name="Fingerprint">Of this peer.</param>
/// <param name="CreateConnector">Makes what opens the channels for a content, with the tickets of a group.</param>
internal sealed record DownloadDependencies(
    Hash256 Fingerprint,
    IDownloadStore Store,
    IContentRegistry Contents,
    FindSources FindSources,
    Func<IServedContent, GroupIdentity, ISourceConnector> CreateConnector,
    TransferMetrics Metrics,
    ILogger Logger,
    TimeProvider Clock)
{
    public OpenPart OpenPart { get; init; } = request => PartFile.Open(request.Destination, request.Content, request.Root, request.InPlace);

    public FolderGate FolderGate { get; } = new();

    /// <summary>Of downloads and comparisons of one content.</summary>
    public ContentTurns Turns { get; } = new();

    /// <summary>Fetches small contents together; null: each has a session of its own.</summary>
    public SmallContentFetch? SmallContents { get; set; }

    /// <summary>Chunk maps of what this peer has; null: none are kept.</summary>
    public ChunkMapStore? ChunkMaps { get; init; }

    public PieceMemoryBudget Budget { get; init; } = new(128 * 1024 * 1024);

    /// <summary>Of the pieces that all downloads together hash or make from local bytes.</summary>
    public LocalMemory LocalMemory { get; init; } = new(128 * 1024 * 1024);

    /// <summary>Limits what all downloads together request.</summary>
    public BandwidthLimiter Limiter { get; init; } = new(Clock);

    public Random Random { get; init; } = Random.Shared;

    /// <summary>How long a download waits without any source before it fails.</summary>
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that a source may be silent about blocks that were requested; half of it about the piece layer.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes a second above which bulk connections to a source are opened; chosen by measurement.</summary>
    public double BulkAbove { get; set; } = 64 * 1024 * 1024;
}
