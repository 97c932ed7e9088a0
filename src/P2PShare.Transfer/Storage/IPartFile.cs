using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>A file that is being received. Reading and writing different pieces is safe for concurrent use.</summary>
internal interface IPartFile : IContent
{
    long BytesVerified { get; }

    /// <summary>The device that it is on; null if the system does not report it.</summary>
    long? Device { get; }

    /// <summary>Whether pieces can be verified: there is one piece only, or the piece layer is known.</summary>
    bool KnowsHashes { get; }

    /// <summary>Whether it has bytes that no record covers; they are worth verifying once the piece layer is known.</summary>
    bool HoldsUnrecorded { get; }

    /// <summary>Verifies what an earlier download recorded or wrote, and prepares the space if the hashes are known. Pieces that are wrong count as missing.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    Task RestoreAsync(CancellationToken cancellationToken);

    /// <summary>Verifies whatever the file holds, now that the piece layer is known.</summary>
    Task RestoreUnrecordedAsync(CancellationToken cancellationToken);

    /// <summary>Keeps a piece layer that was checked against the pieces root.</summary>
    void SetPieceLayer(Hash256[] layer);

    /// <summary>
    /// Counts the pieces of zeros as verified, which are neither fetched nor written, and reserves the space of the others. Called once the
    /// piece layer is set, before anything is written.
    /// </summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    void PrepareSpace();

    /// <summary>The hash that a piece must have.</summary>
    Hash256 PieceHash(int index);

    /// <summary>Writes a piece whose hash was right, and counts it as verified.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    void WritePiece(int index, ReadOnlySpan<byte> data);

    /// <summary>
    /// Copies bytes of another file into pieces that are not verified yet, without taking space for them if the file system can. They count
    /// once <see cref="TryVerify"/> has found each piece right: the other file may change meanwhile.
    /// </summary>
    /// <param name="fromOffset">Of the first byte in the other file; aligned to the file system's block, its storage can be shared.</param>
    /// <param name="offset">Where it belongs in the content.</param>
    /// <returns>False if the other file is too short or cannot be read.</returns>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    bool TryClone(SafeFileHandle from, long fromOffset, long offset, long length, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a range of a piece that is not verified yet share its storage with one of another file, and does nothing if the file systems cannot: after
    /// the first time they could not, it does not ask them again. The other file may change before; what this one has then is to be hashed.
    /// </summary>
    /// <returns>False if the range is as it was, or has bytes that are of no use.</returns>
    bool TryReflink(SafeFileHandle from, long fromOffset, long offset, long length);

    /// <summary>Counts a piece as verified whose bytes in this file were read, hashed and found right.</summary>
    void MarkVerified(int index);

    /// <summary>Reads a piece, and counts it as verified if its hash is right.</summary>
    /// <returns>Whether it is right.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    bool TryVerify(int index);

    /// <summary>Makes verified pieces durable, then the record that names them. Cheap if nothing is new.</summary>
    /// <exception cref="P2PShareException">DiskFull or PathUnwritable.</exception>
    void Record();

    /// <summary>Gives the complete file its name in one step; the object is not used after it.</summary>
    /// <param name="attributes">What the file gets before it has its name; null: nothing.</param>
    /// <returns>What shows later whether the file is still the same.</returns>
    /// <exception cref="P2PShareException">DestinationExists, DestinationInvalid, DiskFull or PathUnwritable.</exception>
    FileStamp Finish(string destination, bool overwrite, EntryAttributes? attributes = null);
}
