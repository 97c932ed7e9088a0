namespace P2PShare.Cmdlets.Files;

/// <summary>How far the comparison of a file is: one half of it is hashing the local file, the other asking sources. Safe for concurrent use.</summary>
/// <param name="size">Bytes of the file.</param>
internal sealed class CompareProgress(long size) : IProgress<long>
{
    private long _bytes;
    private volatile bool _isHashed;

    /// <summary>Whether the local file is hashed, or need not be.</summary>
    public bool IsHashed => _isHashed;

    /// <summary>0 to the size.</summary>
    public long Bytes => (_isHashed ? size / 2 : 0) + Volatile.Read(ref _bytes) / 2;

    public void Report(long value) => Volatile.Write(ref _bytes, Math.Clamp(value, 0, size));

    /// <summary>Begins the second half.</summary>
    public void EndHashing()
    {
        Report(0);
        _isHashed = true;
    }
}
