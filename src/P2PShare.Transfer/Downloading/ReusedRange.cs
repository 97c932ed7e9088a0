namespace P2PShare.Transfer.Downloading;

/// <summary>Where bytes of a content are on this machine.</summary>
/// <param name="Offset">In the content, in bytes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Path">Full path of the file that has them; null: they are zeros, which no file has.</param>
/// <param name="FileOffset">In the file, in bytes.</param>
internal readonly record struct ReusedRange(long Offset, int Length, string? Path, long FileOffset);
