namespace P2PShare.Transfer.Downloading;

/// <summary>The turn of a comparison to ask sources for a content.</summary>
/// <param name="interrupted">Cancelled when a download of the content begins.</param>
internal sealed class ComparisonTurn(Action end, CancellationToken interrupted) : IDisposable
{
    /// <summary>Cancelled when a download of the content begins: the comparison starts over when that has ended.</summary>
    public CancellationToken Interrupted => interrupted;

    public void Dispose() => end();
}
