using System.Numerics;

namespace P2PShare.Protocol.Content;

/// <summary>The pieces that a peer has, in BitTorrent's order: piece 0 is the highest bit of the first byte (BEP 3).</summary>
public sealed class Bitfield
{
    private readonly byte[] _bits;

    /// <param name="length">Number of pieces.</param>
    public Bitfield(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _bits = new byte[ByteCount(length)];
    }

    /// <summary>Number of pieces.</summary>
    public int Length { get; }

    /// <summary>Number of pieces that are set.</summary>
    public int Count { get; private set; }

    public bool IsComplete => Count == Length;

    /// <summary>The bytes as they go over the wire; spare bits at the end are zero.</summary>
    public ReadOnlySpan<byte> Bytes => _bits;

    public static int ByteCount(int length) => (length + 7) / 8;

    /// <summary>Reads a bitfield from the wire.</summary>
    /// <exception cref="FormatException">Another length than the content's, or a spare bit is set (BEP 3: drop the connection).</exception>
    public static Bitfield FromBytes(ReadOnlySpan<byte> bytes, int length)
    {
        if (bytes.Length != ByteCount(length))
        {
            throw new FormatException($"A bitfield of {length} pieces has {ByteCount(length)} bytes, not {bytes.Length}.");
        }

        if (length % 8 != 0 && (bytes[^1] & (0xFF >> (length % 8))) != 0)
        {
            throw new FormatException("A bitfield has bits set beyond its last piece.");
        }

        var field = new Bitfield(length);
        bytes.CopyTo(field._bits);
        foreach (var b in bytes)
        {
            field.Count += BitOperations.PopCount(b);
        }

        return field;
    }

    public bool this[int index]
    {
        get
        {
            CheckIndex(index);
            return (_bits[index >> 3] & (0x80 >> (index & 7))) != 0;
        }
    }

    /// <summary>Sets a piece.</summary>
    /// <returns>False if it was set before.</returns>
    public bool Set(int index)
    {
        if (this[index])
        {
            return false;
        }

        _bits[index >> 3] |= (byte)(0x80 >> (index & 7));
        Count++;
        return true;
    }

    /// <summary>Unsets a piece.</summary>
    public void Clear(int index)
    {
        if (this[index])
        {
            _bits[index >> 3] &= (byte)~(0x80 >> (index & 7));
            Count--;
        }
    }

    public void SetAll()
    {
        _bits.AsSpan().Fill(0xFF);
        if (Length % 8 != 0)
        {
            _bits[^1] = (byte)(0xFF << (8 - Length % 8));
        }

        Count = Length;
    }

    public Bitfield Clone() => FromBytes(_bits, Length);

    private void CheckIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Length);
    }
}
