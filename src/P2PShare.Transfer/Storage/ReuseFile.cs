namespace P2PShare.Transfer.Storage;

/// <summary>A local file whose bytes a download may take instead of fetching them.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Root">A folder above the file that a person named: no link between the two is followed. Null: the person named the file.</param>
public sealed record ReuseFile(string Path, string? Root = null)
{
    private int _isReported;

    /// <summary>Whether it is the first time: a person is told once for all downloads that share this instance why it is not used.</summary>
    internal bool TryReport() => Interlocked.Exchange(ref _isReported, 1) == 0;
}
