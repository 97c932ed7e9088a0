using P2PShare.Protocol;

namespace P2PShare.Transfer.Sharing;

/// <summary>Hashes local files, as wide as the cores allow.</summary>
public static class FileHasher
{
    /// <summary>Hashes a file.</summary>
    /// <param name="path">A file, not a folder.</param>
    /// <param name="progress">Told the number of bytes hashed so far, from any thread, at most once a piece.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>, <see cref="ErrorCode.PathUnreadable"/>, or
    /// <see cref="ErrorCode.SourceFileChanged"/> where the file changed while it was read.
    /// </exception>
    public static Task<HashedFile> HashAsync(string path, IProgress<long>? progress, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}
