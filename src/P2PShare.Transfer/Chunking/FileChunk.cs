namespace P2PShare.Transfer.Chunking;

/// <summary>A content-defined chunk of a local file.</summary>
/// <param name="Offset">In the file, in bytes.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Hash">The first 16 bytes of its SHA-256, as a big-endian number.</param>
internal readonly record struct FileChunk(long Offset, int Length, UInt128 Hash);
