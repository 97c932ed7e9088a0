using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Peers;

namespace P2PShare;

/// <summary>Where a download is in its life.</summary>
public enum P2PDownloadState
{
    /// <summary>Fetches, or waits for a source.</summary>
    Running,

    /// <summary>Put on hold, or left by a shell that ended.</summary>
    Suspended,

    /// <summary>The file is whole and under its name.</summary>
    Complete,

    /// <summary>Ended by a fault; what was received is kept.</summary>
    Failed,

    /// <summary>Ended by the person; what was received is kept.</summary>
    Stopped,
}

/// <summary>A file being fetched; its numbers are those of the moment they are read.</summary>
public sealed class P2PDownload
{
    internal P2PDownload(Download download, PeerServer server)
    {
        Download = download;
        Server = server;
    }

    public Guid Id => Download.Id;

    public string Group => Download.Request.Group;

    /// <summary>The file's name in the group.</summary>
    public string Name => Download.Request.Name;

    public P2PDownloadState State => Download.State switch
    {
        DownloadState.Running => P2PDownloadState.Running,
        DownloadState.Suspended => P2PDownloadState.Suspended,
        DownloadState.Complete => P2PDownloadState.Complete,
        DownloadState.Failed => P2PDownloadState.Failed,
        _ => P2PDownloadState.Stopped,
    };

    /// <summary>Bytes.</summary>
    public long Size => Download.Request.Content.Size;

    /// <summary>Bytes received and found right.</summary>
    public long BytesReceived => Download.Progress.BytesVerified;

    /// <summary>0 to 100.</summary>
    public int PercentComplete =>
        State == P2PDownloadState.Complete ? 100 : Size == 0 ? 0 : (int)(100.0 * BytesReceived / Size);

    /// <summary>Smoothed over the last seconds; 0 unless it runs.</summary>
    public double BytesPerSecond => State == P2PDownloadState.Running ? Download.Progress.BytesPerSecond : 0;

    /// <summary>Null unless it runs, and while it cannot be told.</summary>
    public TimeSpan? TimeLeft => State == P2PDownloadState.Running ? Download.Progress.TimeLeft : null;

    /// <summary>Peers connected that have pieces.</summary>
    public int Sources => Download.Progress.Sources;

    /// <summary>Full path of the file.</summary>
    public string Destination => Download.Request.Destination;

    public DateTimeOffset Created => Download.Created.ToLocalTime();

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Error => Download.Error?.Message;

    /// <summary>The stable error id of why it failed; null unless it did.</summary>
    public string? ErrorId => Download.Error?.Code;

    internal Download Download { get; }

    internal PeerServer Server { get; }

    public override string ToString() => $"{Group}: {Name}";
}
