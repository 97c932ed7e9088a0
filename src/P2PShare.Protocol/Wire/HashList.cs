namespace P2PShare.Protocol.Wire;

/// <summary>Hashes one behind the other, as hashes and tree hashes carry them.</summary>
internal static class HashList
{
    /// <exception cref="WireException">Another number of hashes than <paramref name="count"/>.</exception>
    public static Hash256[] Read(ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length != count * Hash256.Size)
        {
            throw new WireException($"{count} hashes have {count * Hash256.Size} bytes, not {bytes.Length}.");
        }

        var hashes = new Hash256[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = new Hash256(bytes.Slice(i * Hash256.Size, Hash256.Size));
        }

        return hashes;
    }

    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> buffer, ReadOnlySpan<Hash256> hashes)
    {
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i].CopyTo(buffer[(i * Hash256.Size)..]);
        }

        return hashes.Length * Hash256.Size;
    }
}
