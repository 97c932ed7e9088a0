namespace P2PShare.Transfer.Storage;

/// <summary>Where a download is in its life.</summary>
public enum DownloadState
{
    /// <summary>Fetches, or waits for a source.</summary>
    Running,

    /// <summary>Suspended by the user, or left by a shell that ended; can be resumed.</summary>
    Suspended,

    /// <summary>The file is complete and has its final name.</summary>
    Complete,

    /// <summary>Ended by an error; what was verified is kept, and a resume continues from there.</summary>
    Failed,

    /// <summary>Stopped by the user; what was verified is kept.</summary>
    Stopped,
}
