namespace P2PShare.Transfer.Downloading;

/// <summary>Where a download is in its life.</summary>
public enum DownloadState
{
    /// <summary>Fetches, or waits for a source.</summary>
    Running,

    /// <summary>Put on hold, or left by a shell that ended; goes on with a resume.</summary>
    Suspended,

    /// <summary>The file is whole and under its name.</summary>
    Complete,

    /// <summary>Ended by a fault; what was verified is kept and a resume goes on from there.</summary>
    Failed,

    /// <summary>Ended by the person; what was verified is kept.</summary>
    Stopped,
}
