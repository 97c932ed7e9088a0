using P2PShare.Protocol;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare;

/// <summary>The state of a download.</summary>
public enum P2PDownloadState
{
    /// <summary>Fetches pieces, or waits for a source.</summary>
    Running,

    /// <summary>Suspended, or left unfinished by a shell that ended.</summary>
    Suspended,

    /// <summary>The file is complete and has its name.</summary>
    Complete,

    /// <summary>Ended by an error; what was received is kept.</summary>
    Failed,

    /// <summary>Stopped by the user; what was received is kept.</summary>
    Stopped,
}

/// <summary>A download; its numbers are those of the moment at which they are read.</summary>
public sealed class P2PDownload
{
    private readonly bool _isHeld;

    /// <param name="live">Null if this process does not run it.</param>
    internal P2PDownload(SavedDownload saved, Download? live, P2PSession session)
    {
        Saved = saved;
        Live = live;
        Session = session;
        _isHeld = live is null && saved.State == DownloadState.Running && saved.IsHeld;
    }

    public Guid Id => Saved.Id;

    public string Group => Request.Group.Name;

    /// <summary>The file's name in the group.</summary>
    public string Name => Request.Name;

    public P2PDownloadState State => DownloadMerge.StateOf(Saved, Live, _isHeld) switch
    {
        DownloadState.Running => P2PDownloadState.Running,
        DownloadState.Suspended => P2PDownloadState.Suspended,
        DownloadState.Complete => P2PDownloadState.Complete,
        DownloadState.Failed => P2PDownloadState.Failed,
        _ => P2PDownloadState.Stopped,
    };

    /// <summary>Bytes.</summary>
    public long Size => Request.Content.Size;

    /// <summary>Bytes received and verified.</summary>
    public long BytesReceived => Live?.Progress.BytesVerified
        ?? (Saved.State == DownloadState.Complete ? Size : Saved.BytesVerified);

    /// <summary>Bytes that came from peers since this shell started or resumed it, those that came twice or were wrong included.</summary>
    public long BytesFetched => Live?.Progress.BytesFetched ?? 0;

    /// <summary>Bytes since then that this machine had already: in the file that is replaced, in other files, or under another name.</summary>
    public long BytesReused => Live?.Progress.BytesReused ?? 0;

    /// <summary>Bytes since then that are zeros, and were not asked for.</summary>
    public long BytesZero => Live?.Progress.BytesZero ?? 0;

    /// <summary>0 to 100.</summary>
    public int PercentComplete =>
        State == P2PDownloadState.Complete ? 100 : Size == 0 ? 0 : (int)(100.0 * BytesReceived / Size);

    /// <summary>Smoothed over the last seconds; 0 unless this shell runs it.</summary>
    public double BytesPerSecond => Live is { State: DownloadState.Running } ? Live.Progress.BytesPerSecond : 0;

    /// <summary>Null unless this shell runs it, and while it cannot be told.</summary>
    public TimeSpan? TimeLeft => Live is { State: DownloadState.Running } ? Live.Progress.TimeLeft : null;

    /// <summary>Connected peers that have pieces; 0 unless this shell runs it.</summary>
    public int Sources => Live is { State: DownloadState.Running } ? Live.Progress.Sources : 0;

    /// <summary>Full path of the file.</summary>
    public string Destination => Request.Destination;

    public DateTimeOffset Created => Saved.Created.ToLocalTime();

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Error => Fault?.Message;

    /// <summary>The stable error id of why it failed; null unless it did.</summary>
    public string? ErrorId => Fault?.Code;

    /// <summary>The download of this shell's peer server; null if this shell does not run it.</summary>
    internal Download? Live { get; set; }

    internal SavedDownload Saved { get; set; }

    internal P2PSession Session { get; }

    private DownloadRequest Request => Saved.Request;

    private P2PShareException? Fault => Live is null ? Saved.Error : Live.Error;

    public override string ToString() => $"{Group}: {Name}";
}
