using P2PShare.Protocol;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Transfer.Downloading;

/// <summary>A small content that a download wants, until it has its name or the download fetches it in the ordinary way. Safe for concurrent use.</summary>
/// <param name="download">As it will be saved when it is complete.</param>
/// <param name="hasLimit">Whether the download has a limit of its own now.</param>
internal sealed class WantedContent(SavedDownload download, Func<bool> hasLimit)
{
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Hash256> _tried = [];
    private int _isTaken;

    public SavedDownload Download => download;

    public Hash256 PiecesRoot => download.Request.Content.PiecesRoot!.Value;

    public int Size => (int)download.Request.Content.Size;

    public bool HasLimit => hasLimit();

    /// <summary>Which peers have it; null before it was looked up.</summary>
    public SourceLocator.Sources? Sources { get; private set; }

    /// <summary>How often it was looked up.</summary>
    public int LookUps { get; private set; }

    /// <summary>Whether its file has its name; false if it has to be fetched in the ordinary way. Cancelled by <see cref="Cancel"/>.</summary>
    public Task<bool> Done => _done.Task;

    /// <summary>Takes what a look-up has found.</summary>
    public void SetSources(SourceLocator.Sources? sources) => (Sources, LookUps) = (sources, LookUps + 1);

    /// <summary>Whether a peer can be asked for it: it has it, and has not failed to send it.</summary>
    public bool CanComeFrom(Hash256 fingerprint) => Sources?.Has(fingerprint) == true && !_tried.Contains(fingerprint);

    /// <summary>Does not ask a peer again.</summary>
    public void Exclude(Hash256 fingerprint) => _tried.Add(fingerprint);

    /// <summary>Lets the caller write its file: then it cannot be cancelled any more.</summary>
    /// <returns>False if it was cancelled, or is written already.</returns>
    public bool TryTake() => Interlocked.CompareExchange(ref _isTaken, 1, 0) == 0;

    /// <summary>Gives it up, unless its file is being written.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryTake())
        {
            _done.TrySetCanceled(cancellationToken);
        }
    }

    /// <summary>Leaves it to the ordinary way, unless its file is being written.</summary>
    public void GiveUp()
    {
        if (TryTake())
        {
            Complete(isReceived: false);
        }
    }

    /// <summary>Ends the wait of the download. For the caller that took it.</summary>
    public void Complete(bool isReceived) => _done.TrySetResult(isReceived);
}
