using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;
using P2PShare.Transfer.State;
using P2PShare.Transfer.Tracker;

namespace P2PShare.Transfer.Peers;

/// <summary>
/// One peer: listens, offers what its user shares and what it has received, announces it at the tracker, and downloads.
/// Everything that a session does with other peers goes through one of these.
/// </summary>
public sealed class PeerServer : IAsyncDisposable
{
    /// <summary>TCP port it listens on.</summary>
    public int Port => throw new NotImplementedException();

    /// <summary>Of its certificate.</summary>
    public Hash256 Fingerprint => throw new NotImplementedException();

    /// <summary>Most bytes a second that all uploads together send; null: no limit. Takes effect at once.</summary>
    public long? UploadLimit { get; set; }

    /// <summary>Most bytes a second that all downloads together take; null: no limit. Takes effect at once.</summary>
    public long? DownloadLimit { get; set; }

    /// <summary>Ends when the server was stopped, and throws <see cref="P2PShareException"/> when it cannot go on listening.</summary>
    public Task Completion => throw new NotImplementedException();

    /// <summary>Raised, on any thread, when a peer has stopped fetching a content.</summary>
    public event Action<UploadRecord>? UploadFinished;

    /// <summary>Raised, on any thread, with a sentence for a person: a shared file changed, the tracker is away, …</summary>
    public event Action<string>? Warned;

    /// <summary>Starts listening, offers again what this user shared before and is still the same, and announces it.</summary>
    /// <param name="tracker">Logged in.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PortInUse"/>, <see cref="ErrorCode.PeerServerFailed"/> or the tracker's.</exception>
    public static Task<PeerServer> StartAsync(
        TrackerClient tracker, StateFolder state, PeerServerOptions options, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    public PeerServerStatus GetStatus() => throw new NotImplementedException();

    /// <summary>Shares a hashed file under a name with a group, and offers it from now on.</summary>
    /// <param name="replace">Whether a different content that this user shared under the name gives way.</param>
    public Task<Protocol.Tracker.FileResponse> ShareAsync(
        HashedFile file, string group, string name, bool replace, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Stops sharing a name in a group.</summary>
    public Task StopShareAsync(string group, string name, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Starts a download, or finds the one that is running into the same destination. A file that is there already is left
    /// alone unless the request overwrites; an unfinished part of the same content is gone on from.
    /// </summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.DestinationExists"/>, <see cref="ErrorCode.DestinationInUse"/> or another that shows at once; later ones are thrown by <see cref="Download.Completion"/>.
    /// </exception>
    public Download StartDownload(DownloadRequest request) => throw new NotImplementedException();

    /// <summary>Every download of this user at this tracker, those of earlier shells included, the oldest first.</summary>
    public IReadOnlyList<Download> GetDownloads() => throw new NotImplementedException();

    /// <summary>Stops a download, forgets it, and deletes its part file; a finished file stays.</summary>
    public Task RemoveDownloadAsync(Download download) => throw new NotImplementedException();

    /// <summary>Stops listening, unregisters at the tracker, lets running uploads finish for at most <paramref name="grace"/>, suspends downloads.</summary>
    public Task StopAsync(TimeSpan grace) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();

    internal void Report(UploadRecord upload) => UploadFinished?.Invoke(upload);

    internal void Warn(string sentence) => Warned?.Invoke(sentence);
}
