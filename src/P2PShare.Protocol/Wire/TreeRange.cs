using System.Buffers.Binary;
using P2PShare.Protocol.Content;

namespace P2PShare.Protocol.Wire;

/// <summary>
/// Which hashes below the piece layer: the body of tree request and tree reject, and what stands before the hashes. It is BEP 52's hash
/// request without proof: the receiver knows the piece's hash, and checks every node against the one above it.
/// </summary>
/// <param name="Height">How many levels above the hashes of the 16 KiB blocks: 0 to <see cref="MaxHeight"/>.</param>
/// <param name="Index">First hash, counted over the content's whole layer of that height.</param>
/// <param name="Count">1 to <see cref="Frame.MaxHashes"/>, all in one piece and none of them beyond the content's last block.</param>
public readonly record struct TreeRange(uint Channel, int Height, int Index, int Count)
{
    public const int Length = 16;

    /// <summary>The height below the piece layer of the longest pieces.</summary>
    public const int MaxHeight = 9;

    // Blocks of the greatest content.
    private const uint MaxBlocks = (uint)(PieceLength.MaxContentSize / PieceLength.Block);

    /// <exception cref="WireException">A number is out of range.</exception>
    public static TreeRange Read(ReadOnlySpan<byte> body)
    {
        var height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        var index = BinaryPrimitives.ReadUInt32BigEndian(body[8..]);
        var count = BinaryPrimitives.ReadUInt32BigEndian(body[12..]);
        if (height > MaxHeight)
        {
            throw new WireException($"A tree request is for a height of 0 to {MaxHeight}, not {height}.");
        }

        if (index >= MaxBlocks >> (int)height)
        {
            throw new WireException($"{index} is not a node of the height {height}.");
        }

        return count is >= 1 and <= Frame.MaxHashes
            ? new TreeRange(BinaryPrimitives.ReadUInt32BigEndian(body), (int)height, (int)index, (int)count)
            : throw new WireException($"A tree request is for 1 to {Frame.MaxHashes} hashes, not {count}.");
    }

    /// <summary>Reads the hashes behind the range.</summary>
    /// <exception cref="WireException">Another number of hashes than the range says.</exception>
    public Hash256[] ReadHashes(ReadOnlySpan<byte> body) => HashList.Read(body[Length..], Count);

    /// <summary>Writes a tree request or a tree reject.</summary>
    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, MessageId id)
    {
        Frame.WriteHeader(buffer, id, Length);
        WriteBody(buffer[Frame.HeaderLength..]);
        return Frame.HeaderLength + Length;
    }

    /// <summary>Writes a tree hashes message.</summary>
    /// <param name="hashes"><see cref="Count"/> of them.</param>
    /// <returns>Bytes written: the whole frame.</returns>
    public int Write(Span<byte> buffer, ReadOnlySpan<Hash256> hashes)
    {
        Frame.WriteHeader(buffer, MessageId.TreeHashes, Length + hashes.Length * Hash256.Size);
        WriteBody(buffer[Frame.HeaderLength..]);
        return Frame.HeaderLength + Length + HashList.Write(buffer[(Frame.HeaderLength + Length)..], hashes);
    }

    private void WriteBody(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt32BigEndian(body, Channel);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Height);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], Index);
        BinaryPrimitives.WriteInt32BigEndian(body[12..], Count);
    }
}
