using P2PShare.Protocol;

namespace P2PShare.Transfer.Downloading;

/// <summary>One file being fetched, put on hold, finished, or left from an earlier shell.</summary>
public sealed class Download
{
    public Guid Id => throw new NotImplementedException();

    public DownloadRequest Request => throw new NotImplementedException();

    public DateTimeOffset Created => throw new NotImplementedException();

    public DownloadState State => throw new NotImplementedException();

    /// <summary>Why it failed; null unless <see cref="DownloadState.Failed"/>.</summary>
    public P2PShareException? Error => throw new NotImplementedException();

    public DownloadProgress Progress => throw new NotImplementedException();

    /// <summary>
    /// Ends when the download is complete, and throws <see cref="P2PShareException"/> when it failed or was stopped. While it is
    /// suspended it stays open.
    /// </summary>
    public Task Completion => throw new NotImplementedException();

    /// <summary>Puts a running download on hold, its verified pieces recorded. Nothing happens in any other state.</summary>
    public Task SuspendAsync() => throw new NotImplementedException();

    /// <summary>Lets a suspended, failed or stopped download go on. Nothing happens in any other state.</summary>
    public void Resume() => throw new NotImplementedException();

    /// <summary>Ends a running or suspended download; the part file stays and a resume goes on from it.</summary>
    public Task StopAsync() => throw new NotImplementedException();
}
