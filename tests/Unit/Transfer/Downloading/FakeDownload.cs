using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A download that a test ends.</summary>
internal sealed class FakeDownload(DownloadRequest request) : IDownload
{
    private TaskCompletionSource _completion = new();

    public Guid Id { get; init; } = Guid.NewGuid();

    public DownloadRequest Request => request;

    public DateTimeOffset Created { get; } = DateTimeOffset.UnixEpoch;

    public DownloadState State { get; set; } = DownloadState.Running;

    public DownloadProgress Progress { get; set; }

    public bool HasRun { get; init; } = true;

    public Task Completion
    {
        get
        {
            CompletionReads++;
            return _completion.Task;
        }
    }

    public int CompletionReads { get; private set; }

    public long? Limit { get; set; } = 7;

    public bool IsStopped { get; private set; }

    public static DownloadRequest NewRequest(string name, long size = 1000, string? destination = null) => new(
        TestIds.Group("dev"), name, new ContentDescription(size, 65536, Hash256.Compute(System.Text.Encoding.UTF8.GetBytes(name))), destination ?? $"/in/{name}", Overwrite: false);

    public void Complete()
    {
        State = DownloadState.Complete;
        _completion.SetResult();
    }

    public void Fail(Exception error)
    {
        State = DownloadState.Failed;
        _completion.SetException(error);
    }

    public void Resume()
    {
        State = DownloadState.Running;
        _completion = new();
    }

    public Task StopAsync()
    {
        IsStopped = true;
        return Task.CompletedTask;
    }
}
