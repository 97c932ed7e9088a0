using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

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
    private readonly bool _isHeld;

    // A shell's peer server has it in hand.
    internal P2PDownload(SavedDownload saved, Download live, P2PSession session)
    {
        Saved = saved;
        Live = live;
        Session = session;
    }

    // Nobody has, or another shell.
    internal P2PDownload(SavedDownload saved, P2PSession session)
    {
        Saved = saved;
        _isHeld = saved.State == DownloadState.Running && saved.IsHeld;
        Session = session;
    }

    public Guid Id => Saved.Id;

    public string Group => Request.Group;

    /// <summary>The file's name in the group.</summary>
    public string Name => Request.Name;

    public P2PDownloadState State => (Live?.State ?? Saved.State) switch
    {
        DownloadState.Running => Live is not null || _isHeld ? P2PDownloadState.Running : P2PDownloadState.Suspended,
        DownloadState.Suspended => P2PDownloadState.Suspended,
        DownloadState.Complete => P2PDownloadState.Complete,
        DownloadState.Failed => P2PDownloadState.Failed,
        _ => P2PDownloadState.Stopped,
    };

    /// <summary>Bytes.</summary>
    public long Size => Request.Content.Size;

    /// <summary>Bytes received and found right.</summary>
    public long BytesReceived => Live?.Progress.BytesVerified
        ?? (Saved.State == DownloadState.Complete ? Size : Saved.BytesVerified);

    /// <summary>0 to 100.</summary>
    public int PercentComplete =>
        State == P2PDownloadState.Complete ? 100 : Size == 0 ? 0 : (int)(100.0 * BytesReceived / Size);

    /// <summary>Smoothed over the last seconds; 0 unless this shell runs it.</summary>
    public double BytesPerSecond => Live is { State: DownloadState.Running } ? Live.Progress.BytesPerSecond : 0;

    /// <summary>Null unless this shell runs it, and while it cannot be told.</summary>
    public TimeSpan? TimeLeft => Live is { State: DownloadState.Running } ? Live.Progress.TimeLeft : null;

    /// <summary>Peers connected that have pieces; 0 unless this shell runs it.</summary>
    public int Sources => Live is { State: DownloadState.Running } ? Live.Progress.Sources : 0;

    /// <summary>Full path of the file.</summary>
    public string Destination => Request.Destination;

    public DateTimeOffset Created => Saved.Created.ToLocalTime();

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Error => Fault?.Message;

    /// <summary>The stable error id of why it failed; null unless it did.</summary>
    public string? ErrorId => Fault?.Code;

    /// <summary>What this shell's peer server has in hand; null where it has not.</summary>
    internal Download? Live { get; set; }

    internal SavedDownload Saved { get; set; }

    internal P2PSession Session { get; }

    private DownloadRequest Request => Saved.Request;

    private P2PShareException? Fault => Live is null ? Saved.Error : Live.Error;

    public override string ToString() => $"{Group}: {Name}";
}
