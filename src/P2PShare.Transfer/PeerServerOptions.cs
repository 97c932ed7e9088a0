using System.Net;

namespace P2PShare.Transfer;

/// <summary>How a peer server listens and how much it gives.</summary>
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

    /// <summary>How long a download goes on without any source before it fails with NoSourceOnline.</summary>
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The longest that a source may be silent about blocks that it was asked for, whatever its history; half of it about the piece layer.
    /// </summary>
    internal TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Subscribed to <see cref="PeerServer.Warned"/> before the start, which is when files that changed since they were shared show.
    /// </summary>
    public Action<string>? Warned { get; init; }

    /// <summary>Tells when a ticket has expired.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;
}
