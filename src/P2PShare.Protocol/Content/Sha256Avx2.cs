using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace P2PShare.Protocol.Content;

/// <summary>
/// SHA-256 (FIPS 180-4) of 8 messages of one length at once, a message in each lane of AVX2 registers: leaves and nodes
/// of a hash tree do not depend on each other ("multi-buffer" hashing, Gueron and Krasnov, 2012).
/// </summary>
internal static class Sha256Avx2
{
    /// <summary>Messages hashed at once.</summary>
    public const int Lanes = 8;

    private const int BlockLength = 64;

    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>Hashes <see cref="Lanes"/> messages that lie one behind the other.</summary>
    /// <param name="messages"><see cref="Lanes"/> times <paramref name="messageLength"/> bytes.</param>
    /// <param name="messageLength">A multiple of 64.</param>
    /// <param name="hashes">Receives one hash a message; may lie over the messages.</param>
    // Compiled well at once: the quick first compilation would be a hundred times slower, and last for the first file.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(ReadOnlySpan<byte> messages, int messageLength, Span<Hash256> hashes)
    {
        Span<Vector256<uint>> state = stackalloc Vector256<uint>[8];
        Span<Vector256<uint>> w = stackalloc Vector256<uint>[16];
        for (var i = 0; i < state.Length; i++)
        {
            state[i] = Vector256.Create(Sha256Constants.Initial[i]);
        }

        ref var first = ref MemoryMarshal.GetReference(messages);
        for (var offset = 0; offset < messageLength; offset += BlockLength)
        {
            Load(ref Unsafe.Add(ref first, offset), messageLength, w);
            Compress(state, w);
        }

        // All messages are equally long, and so all end with the same padding: a one bit, zeros, the length in bits.
        w.Clear();
        w[0] = Vector256.Create(0x80000000u);
        w[14] = Vector256.Create((uint)((ulong)messageLength * 8 >> 32));
        w[15] = Vector256.Create((uint)messageLength * 8);
        Compress(state, w);
        Store(state, hashes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(Span<Vector256<uint>> state, Span<Vector256<uint>> words)
    {
        ref var w = ref MemoryMarshal.GetReference(words);
        ref var k = ref MemoryMarshal.GetReference(Sha256Constants.Rounds);
        var (a, b, c, d) = (state[0], state[1], state[2], state[3]);
        var (e, f, g, h) = (state[4], state[5], state[6], state[7]);
        Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, 0) + Vector256.Create(Unsafe.Add(ref k, 0)));
        Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, 1) + Vector256.Create(Unsafe.Add(ref k, 1)));
        Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, 2) + Vector256.Create(Unsafe.Add(ref k, 2)));
        Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, 3) + Vector256.Create(Unsafe.Add(ref k, 3)));
        Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, 4) + Vector256.Create(Unsafe.Add(ref k, 4)));
        Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, 5) + Vector256.Create(Unsafe.Add(ref k, 5)));
        Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, 6) + Vector256.Create(Unsafe.Add(ref k, 6)));
        Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, 7) + Vector256.Create(Unsafe.Add(ref k, 7)));
        Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, 8) + Vector256.Create(Unsafe.Add(ref k, 8)));
        Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, 9) + Vector256.Create(Unsafe.Add(ref k, 9)));
        Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, 10) + Vector256.Create(Unsafe.Add(ref k, 10)));
        Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, 11) + Vector256.Create(Unsafe.Add(ref k, 11)));
        Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, 12) + Vector256.Create(Unsafe.Add(ref k, 12)));
        Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, 13) + Vector256.Create(Unsafe.Add(ref k, 13)));
        Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, 14) + Vector256.Create(Unsafe.Add(ref k, 14)));
        Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, 15) + Vector256.Create(Unsafe.Add(ref k, 15)));
        for (var i = 0; i < 3; i++)
        {
            k = ref Unsafe.Add(ref k, 16);
            Round(a, b, c, ref d, e, f, g, ref h, Extend(ref w, 0) + Vector256.Create(Unsafe.Add(ref k, 0)));
            Round(h, a, b, ref c, d, e, f, ref g, Extend(ref w, 1) + Vector256.Create(Unsafe.Add(ref k, 1)));
            Round(g, h, a, ref b, c, d, e, ref f, Extend(ref w, 2) + Vector256.Create(Unsafe.Add(ref k, 2)));
            Round(f, g, h, ref a, b, c, d, ref e, Extend(ref w, 3) + Vector256.Create(Unsafe.Add(ref k, 3)));
            Round(e, f, g, ref h, a, b, c, ref d, Extend(ref w, 4) + Vector256.Create(Unsafe.Add(ref k, 4)));
            Round(d, e, f, ref g, h, a, b, ref c, Extend(ref w, 5) + Vector256.Create(Unsafe.Add(ref k, 5)));
            Round(c, d, e, ref f, g, h, a, ref b, Extend(ref w, 6) + Vector256.Create(Unsafe.Add(ref k, 6)));
            Round(b, c, d, ref e, f, g, h, ref a, Extend(ref w, 7) + Vector256.Create(Unsafe.Add(ref k, 7)));
            Round(a, b, c, ref d, e, f, g, ref h, Extend(ref w, 8) + Vector256.Create(Unsafe.Add(ref k, 8)));
            Round(h, a, b, ref c, d, e, f, ref g, Extend(ref w, 9) + Vector256.Create(Unsafe.Add(ref k, 9)));
            Round(g, h, a, ref b, c, d, e, ref f, Extend(ref w, 10) + Vector256.Create(Unsafe.Add(ref k, 10)));
            Round(f, g, h, ref a, b, c, d, ref e, Extend(ref w, 11) + Vector256.Create(Unsafe.Add(ref k, 11)));
            Round(e, f, g, ref h, a, b, c, ref d, Extend(ref w, 12) + Vector256.Create(Unsafe.Add(ref k, 12)));
            Round(d, e, f, ref g, h, a, b, ref c, Extend(ref w, 13) + Vector256.Create(Unsafe.Add(ref k, 13)));
            Round(c, d, e, ref f, g, h, a, ref b, Extend(ref w, 14) + Vector256.Create(Unsafe.Add(ref k, 14)));
            Round(b, c, d, ref e, f, g, h, ref a, Extend(ref w, 15) + Vector256.Create(Unsafe.Add(ref k, 15)));
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, ref Vector256<uint> d,
        Vector256<uint> e, Vector256<uint> f, Vector256<uint> g, ref Vector256<uint> h, Vector256<uint> wk)
    {
        var t1 = h + wk + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25)) + (g ^ (e & (f ^ g)));
        d += t1;
        h = t1 + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)) + ((a & b) | (c & (a | b)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Extend(ref Vector256<uint> w, int i)
    {
        var w1 = Unsafe.Add(ref w, (i + 1) & 15);
        var w14 = Unsafe.Add(ref w, (i + 14) & 15);
        var sigma0 = Rotate(w1, 7) ^ Rotate(w1, 18) ^ Vector256.ShiftRightLogical(w1, 3);
        var sigma1 = Rotate(w14, 17) ^ Rotate(w14, 19) ^ Vector256.ShiftRightLogical(w14, 10);
        return Unsafe.Add(ref w, i) += sigma0 + Unsafe.Add(ref w, (i + 9) & 15) + sigma1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> value, int bits) =>
        Vector256.ShiftRightLogical(value, bits) | Vector256.ShiftLeft(value, 32 - bits);

    // Sixteen words of each of eight messages, turned so that a register holds one word of every message.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Load(ref byte first, int stride, Span<Vector256<uint>> w)
    {
        var swap = Vector256.Create(0x00010203u, 0x04050607, 0x08090A0B, 0x0C0D0E0F, 0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F).AsByte();
        for (var half = 0; half < 2; half++)
        {
            var rows = w.Slice(half * Lanes, Lanes);
            for (var i = 0; i < Lanes; i++)
            {
                ref var at = ref Unsafe.Add(ref first, (nint)i * stride + half * Vector256<byte>.Count);
                rows[i] = Avx2.Shuffle(Vector256.LoadUnsafe(ref at), swap).AsUInt32();
            }

            Transpose(rows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(Span<Vector256<uint>> rows)
    {
        Span<Vector256<uint>> t = stackalloc Vector256<uint>[8];
        for (var i = 0; i < 8; i += 2)
        {
            t[i] = Avx2.UnpackLow(rows[i], rows[i + 1]);
            t[i + 1] = Avx2.UnpackHigh(rows[i], rows[i + 1]);
        }

        for (var i = 0; i < 8; i += 4)
        {
            rows[i] = Avx2.UnpackLow(t[i].AsUInt64(), t[i + 2].AsUInt64()).AsUInt32();
            rows[i + 1] = Avx2.UnpackHigh(t[i].AsUInt64(), t[i + 2].AsUInt64()).AsUInt32();
            rows[i + 2] = Avx2.UnpackLow(t[i + 1].AsUInt64(), t[i + 3].AsUInt64()).AsUInt32();
            rows[i + 3] = Avx2.UnpackHigh(t[i + 1].AsUInt64(), t[i + 3].AsUInt64()).AsUInt32();
        }

        // The halves of each register are transposed now; the halves themselves remain.
        for (var i = 0; i < 4; i++)
        {
            t[i] = Avx2.Permute2x128(rows[i], rows[i + 4], 0x20);
            t[i + 4] = Avx2.Permute2x128(rows[i], rows[i + 4], 0x31);
        }

        t.CopyTo(rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Store(ReadOnlySpan<Vector256<uint>> state, Span<Hash256> hashes)
    {
        Span<uint> hash = stackalloc uint[8];
        for (var lane = 0; lane < Lanes; lane++)
        {
            for (var i = 0; i < 8; i++)
            {
                hash[i] = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(state[i][lane]);
            }

            hashes[lane] = new Hash256(MemoryMarshal.AsBytes(hash));
        }
    }
}
