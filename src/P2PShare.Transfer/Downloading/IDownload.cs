using P2PShare.Transfer.Storage;
namespace P2PShare.Transfer.Downloading;

/// <summary>What a list or a batch of downloads has to know of each; a test has its own.</summary>
public interface IDownload
{
    Guid Id { get; }

    DownloadRequest Request { get; }

    DateTimeOffset Created { get; }

    DownloadState State { get; }

    DownloadProgress Progress { get; }

    /// <summary>Whether it has run in this process; otherwise it is as an earlier or another process left it.</summary>
    bool HasRun { get; }

    /// <summary>Ends when the download is complete; fails when it failed or was stopped. Stays open while it is suspended.</summary>
    Task Completion { get; }

    /// <summary>Most bytes a second that it takes; null: no limit of its own.</summary>
    long? Limit { get; set; }

    /// <summary>Ends it; what was verified is kept.</summary>
    Task StopAsync();
}
