namespace P2PShare.Transfer.Chunking;

/// <summary>Counts local files that could not be used, and keeps why the first was not: thousands may fail for one reason. Safe for concurrent use.</summary>
internal sealed class SkippedFiles
{
    private readonly Lock _lock = new();
    private string? _firstReason;

    public int Count { get; private set; }

    public void Add(string reason)
    {
        lock (_lock)
        {
            Count++;
            _firstReason ??= reason;
        }
    }

    /// <summary>A sentence for a person; null if none was skipped.</summary>
    public string? Describe()
    {
        lock (_lock)
        {
            return Count switch
            {
                0 => null,
                1 => $"A local file was not searched for bytes to reuse: {_firstReason}",
                _ => $"{Count} local files were not searched for bytes to reuse. The first: {_firstReason}",
            };
        }
    }
}
