using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// What a part file records behind the content's last byte: magic, size (8 bytes), piece length (4), number of hashes in
/// the piece layer (4), pieces root, piece layer, bitfield of verified pieces, and the SHA-256 of all that. Numbers are big-endian.
/// </summary>
/// <param name="PieceLayer">One hash a piece; empty if there is one piece.</param>
/// <param name="Have">Pieces that were verified and durable when the record was written.</param>
internal sealed record PartFileRecord(Hash256[] PieceLayer, Bitfield Have)
{
    private const int SizeOffset = 8;
    private const int PieceLengthOffset = 16;
    private const int LayerCountOffset = 20;
    private const int RootOffset = 24;
    private const int LayerOffset = RootOffset + Hash256.Size;

    private static ReadOnlySpan<byte> Magic => "P2PPART1"u8;

    /// <summary>Bytes in a record about this content.</summary>
    public static int Length(ContentDescription content) =>
        LayerOffset + LayerCount(content) * Hash256.Size + Bitfield.ByteCount(content.PieceCount) + SHA256.HashSizeInBytes;

    /// <summary>Reads the record of an open part file.</summary>
    /// <returns>Null if it has none, or as <see cref="TryDecode"/>.</returns>
    public static PartFileRecord? Read(SafeFileHandle handle, ContentDescription content)
    {
        var length = RandomAccess.GetLength(handle) - content.Size;
        if (length != Length(content))
        {
            return null;
        }

        var record = new byte[length];
        SafeFile.ReadExactly(handle, record, content.Size);
        return TryDecode(record, content);
    }

    /// <summary>Writes the record into an open part file, once the bytes that it is about are durable.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(SafeFileHandle handle, ContentDescription content)
    {
        var record = Encode(content);
        RandomAccess.FlushToDisk(handle);
        if (RandomAccess.GetLength(handle) > content.Size + record.Length)
        {
            // A file that is updated in place was longer.
            RandomAccess.SetLength(handle, content.Size);
        }

        RandomAccess.Write(handle, record, content.Size);
    }

    /// <param name="content">Not empty.</param>
    public byte[] Encode(ContentDescription content)
    {
        var record = new byte[Length(content)];
        Magic.CopyTo(record);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(SizeOffset), content.Size);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(PieceLengthOffset), content.PieceLength);
        BinaryPrimitives.WriteInt32BigEndian(record.AsSpan(LayerCountOffset), PieceLayer.Length);
        content.PiecesRoot!.Value.CopyTo(record.AsSpan(RootOffset));
        var layer = MemoryMarshal.AsBytes<Hash256>(PieceLayer);
        layer.CopyTo(record.AsSpan(LayerOffset));
        Have.Bytes.CopyTo(record.AsSpan(LayerOffset + layer.Length));
        SHA256.HashData(record.AsSpan(..^SHA256.HashSizeInBytes), record.AsSpan(^SHA256.HashSizeInBytes..));
        return record;
    }

    /// <returns>Null if this is not an undamaged record about this content, whose piece layer is under its pieces root.</returns>
    public static PartFileRecord? TryDecode(ReadOnlySpan<byte> record, ContentDescription content)
    {
        var layerCount = LayerCount(content);
        if (record.Length != Length(content)
            || !record[..SizeOffset].SequenceEqual(Magic)
            || BinaryPrimitives.ReadInt64BigEndian(record[SizeOffset..]) != content.Size
            || BinaryPrimitives.ReadInt32BigEndian(record[PieceLengthOffset..]) != content.PieceLength
            || BinaryPrimitives.ReadInt32BigEndian(record[LayerCountOffset..]) != layerCount
            || new Hash256(record.Slice(RootOffset, Hash256.Size)) != content.PiecesRoot
            || !SHA256.HashData(record[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(record[^SHA256.HashSizeInBytes..]))
        {
            return null;
        }

        var layer = MemoryMarshal.Cast<byte, Hash256>(record.Slice(LayerOffset, layerCount * Hash256.Size)).ToArray();
        if (layerCount > 0 && !HashTree.IsLayerOf(content.PiecesRoot!.Value, layer, content.PieceLength))
        {
            return null;
        }

        var have = record[(LayerOffset + layerCount * Hash256.Size)..^SHA256.HashSizeInBytes];
        try
        {
            return new PartFileRecord(layer, Bitfield.FromBytes(have, content.PieceCount));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static int LayerCount(ContentDescription content) => content.PieceCount > 1 ? content.PieceCount : 0;
}
