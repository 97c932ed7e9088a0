namespace P2PShare.Transfer.Storage;

/// <summary>Where a download is in its life.</summary>
public enum DownloadState
{
    /// <summary>Fetches, or waits for a source.</summary>
    Running,

    /// <summary>Suspended, or left by a shell that ended; a resume continues it.</summary>
    Suspended,

    /// <summary>The file is whole and has its name.</summary>
    Complete,

    /// <summary>Ended by an error; what was verified is kept and a resume continues from there.</summary>
    Failed,

    /// <summary>Ended by its user; what was verified is kept.</summary>
    Stopped,
}
