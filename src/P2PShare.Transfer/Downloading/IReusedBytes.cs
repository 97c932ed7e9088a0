using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Bytes of this machine that may be those of a content, at the content's offsets. They may change at any time: what is read is hashed before it is
/// used. Safe for concurrent use.
/// </summary>
internal interface IReusedBytes : IDisposable
{
    /// <summary>Whether looking at a range of the content may find something.</summary>
    bool Has(long offset, int length);

    /// <summary>Puts a range of the content into a part without reading it, if the file systems can share the storage.</summary>
    /// <param name="part">What it has there then is to be hashed.</param>
    /// <exception cref="ObjectDisposedException">The download has ended.</exception>
    bool TryReflink(IPartFile part, long offset, int length) => false;

    /// <exception cref="IOException">It cannot be read, or is shorter by now.</exception>
    /// <exception cref="ObjectDisposedException">The download has ended.</exception>
    void Read(long offset, Span<byte> buffer);

    /// <summary>Where the bytes of a range are that <see cref="Read"/> reads.</summary>
    /// <param name="offset">Of blocks that it has, in the content.</param>
    /// <returns>In order, without gaps.</returns>
    IEnumerable<ReusedRange> Locate(long offset, int length);
}
