using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A tracker, peers and a disk in memory, for downloads of one content.</summary>
internal sealed class FakeSwarm : ISourceConnector
{
    public FakeSwarm(TestContent content, TimeProvider clock, FakeContents? contents = null)
    {
        Content = content;
        Part = new MemoryPart(content.Description);
        Contents = contents ?? new FakeContents(clock);
        Dependencies = new DownloadDependencies(
            Hash256.Compute([]), Store, Contents, FindAsync, (_, _) => this, new TransferMetrics(0), new SentenceLogger(LogLevel.Debug, Log.Enqueue), clock)
        {
            OpenPart = _ => Part.Open(),
            Random = new Random(1),
        };
        Request = new DownloadRequest(
            TestIds.Group("dev"), "data.bin", content.Description, Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "data.bin"), Overwrite: false);
    }

    public TestContent Content { get; }

    public ConcurrentQueue<string> Log { get; } = [];

    public MemoryPart Part { get; }

    public FakeContents Contents { get; }

    public FakeDownloadStore Store { get; } = new();

    public DownloadDependencies Dependencies { get; set; }

    public DownloadRequest Request { get; init; }

    public List<SwarmPeer> Peers { get; } = [];

    /// <summary>The tracker's answer in place of the peers; null: the peers.</summary>
    public P2PShareException? TrackerError { get; set; }

    public int LookUps { get; private set; }

    /// <summary>Adds peers to the swarm.</summary>
    public FakeSwarm With(params SwarmPeer[] peers)
    {
        Peers.AddRange(peers);
        return this;
    }

    public async Task<DownloadSession> OpenAsync(CancellationToken cancellationToken = default) => await DownloadSession.OpenAsync(
        Dependencies, Request, new BandwidthLimiter(Dependencies.Clock), new DownloadMeters(Dependencies.Clock), _ => { }, cancellationToken);

    /// <summary>Runs a session to its end.</summary>
    public async Task<DownloadSession> RunAsync(CancellationToken cancellationToken = default)
    {
        var session = await OpenAsync(cancellationToken);
        await session.RunAsync(cancellationToken);
        return session;
    }

    public Task<ISource> ConnectAsync(SourcePeer peer, SourceLocator.Sources found, CancellationToken cancellationToken)
    {
        var source = Peers.Single(source => source.Fingerprint == peer.Fingerprint);
        return source.IsClosed ? Task.FromException<ISource>(new IOException("The peer is gone.")) : Task.FromResult<ISource>(source);
    }

    public Task<ISource?> ConnectBulkAsync(ISource first, Func<SourceLocator.Sources?> getFound) => Task.FromResult<ISource?>(null);

    public ISource? TryReuse(Hash256 fingerprint, SourceLocator.Sources found) => null;

    private Task<SourceLocator.Sources> FindAsync(GroupIdentity group, Hash256 piecesRoot, CancellationToken cancellationToken)
    {
        LookUps++;
        Assert.Equal((Request.Group, Content.Description.PiecesRoot), (group, piecesRoot));
        return TrackerError is { } error
            ? Task.FromException<SourceLocator.Sources>(error)
            : Task.FromResult(new SourceLocator.Sources("ticket", DateTimeOffset.MaxValue, 0, [.. Peers.Select(peer => new SourcePeer(peer.Fingerprint, TestIds.Of("bob"), TestIds.Of("session"), "bob", true, ["127.0.0.1:1"]))]));
    }
}
