using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.Protocol;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Transfer;

/// <summary>How a peer server listens, and what it may use.</summary>
public sealed record PeerServerOptions
{
    /// <summary>Addresses of this machine to listen on; null: all, IPv4 and IPv6.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>TCP port; 0: any free one.</summary>
    public int Port { get; init; }

    /// <summary>Most bytes a second that all uploads together send; null: no limit.</summary>
    public long? UploadLimit { get; init; }

    /// <summary>Most bytes a second that all downloads together take; null: no limit.</summary>
    public long? DownloadLimit { get; init; }

    /// <summary>Whether blocks may be compressed: sent so where that saves time, and requested so.</summary>
    public bool Compression { get; init; } = true;

    /// <summary>How many connections of one address and one user it accepts.</summary>
    public ConnectionLimits ConnectionLimits { get; init; } = new();

    /// <summary>How long a download waits without any source before it fails with NoSourceOnline.</summary>
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Finds one more address to dial a peer at, by its fingerprint, beside those that the tracker names: for a tunnel to it. Called on any thread; it returns null
    /// if there is none.
    /// </summary>
    public Func<Hash256, IPEndPoint?>? FindDetour { get; init; }

    /// <summary>
    /// The longest that a source may be silent about blocks that it was asked for, whatever its history; half of it about the piece layer.
    /// </summary>
    internal TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Receives what the peer server logs: at Warning, sentences for the person whose shares and downloads it has; at Debug, what helps
    /// to find the cause of something.
    /// </summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// The port that is announced in place of the one that it listens on; 0: it accepts no connections. A test's peer behind a firewall.
    /// </summary>
    internal int? AnnouncedPort { get; init; }

    /// <summary>Tells the time, and makes every timer.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>As these options, with a delegate in place of the logger that receives the warnings, as sentences, on any thread.</summary>
    public PeerServerOptions WithWarnings(Action<string> report) => this with { Logger = new SentenceLogger(LogLevel.Warning, report) };
}
