using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Hashing;

/// <summary>
/// SHA-256 (FIPS 180-4) of 16 messages of one length at once, a message in each lane of AVX-512 registers: leaves and nodes
/// of a hash tree do not depend on each other ("multi-buffer" hashing, Gueron and Krasnov, 2012).
/// </summary>
internal static class Sha256Avx512
{
    /// <summary>Messages hashed at once.</summary>
    public const int Lanes = 16;

    private const int BlockLength = 64;

    public static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported;

    // FIPS 180-4, sections 4.2.2 and 5.3.3.
    private static ReadOnlySpan<uint> RoundConstants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private static ReadOnlySpan<uint> InitialState =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>Hashes <see cref="Lanes"/> messages that lie one behind the other.</summary>
    /// <param name="messages"><see cref="Lanes"/> times <paramref name="messageLength"/> bytes.</param>
    /// <param name="messageLength">A multiple of 64.</param>
    /// <param name="hashes">Receives one hash a message; may lie over the messages.</param>
    // Compiled well at once: the quick first compilation would be a hundred times slower, and last for the first file.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(ReadOnlySpan<byte> messages, int messageLength, Span<Hash256> hashes)
    {
        Span<Vector512<uint>> state = stackalloc Vector512<uint>[8];
        Span<Vector512<uint>> w = stackalloc Vector512<uint>[16];
        for (var i = 0; i < state.Length; i++)
        {
            state[i] = Vector512.Create(InitialState[i]);
        }

        ref var first = ref MemoryMarshal.GetReference(messages);
        for (var offset = 0; offset < messageLength; offset += BlockLength)
        {
            Load(ref Unsafe.Add(ref first, offset), messageLength, w);
            Compress(state, w);
        }

        // All messages are equally long, and so all end with the same padding: a one bit, zeros, the length in bits.
        w.Clear();
        w[0] = Vector512.Create(0x80000000u);
        w[14] = Vector512.Create((uint)((ulong)messageLength * 8 >> 32));
        w[15] = Vector512.Create((uint)messageLength * 8);
        Compress(state, w);
        Store(state, hashes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(Span<Vector512<uint>> state, Span<Vector512<uint>> words)
    {
        ref var w = ref MemoryMarshal.GetReference(words);
        ref var k = ref MemoryMarshal.GetReference(RoundConstants);
        var (a, b, c, d) = (state[0], state[1], state[2], state[3]);
        var (e, f, g, h) = (state[4], state[5], state[6], state[7]);
        Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, 0) + Vector512.Create(Unsafe.Add(ref k, 0)));
        Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, 1) + Vector512.Create(Unsafe.Add(ref k, 1)));
        Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, 2) + Vector512.Create(Unsafe.Add(ref k, 2)));
        Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, 3) + Vector512.Create(Unsafe.Add(ref k, 3)));
        Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, 4) + Vector512.Create(Unsafe.Add(ref k, 4)));
        Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, 5) + Vector512.Create(Unsafe.Add(ref k, 5)));
        Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, 6) + Vector512.Create(Unsafe.Add(ref k, 6)));
        Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, 7) + Vector512.Create(Unsafe.Add(ref k, 7)));
        Round(a, b, c, ref d, e, f, g, ref h, Unsafe.Add(ref w, 8) + Vector512.Create(Unsafe.Add(ref k, 8)));
        Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref w, 9) + Vector512.Create(Unsafe.Add(ref k, 9)));
        Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref w, 10) + Vector512.Create(Unsafe.Add(ref k, 10)));
        Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref w, 11) + Vector512.Create(Unsafe.Add(ref k, 11)));
        Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref w, 12) + Vector512.Create(Unsafe.Add(ref k, 12)));
        Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref w, 13) + Vector512.Create(Unsafe.Add(ref k, 13)));
        Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref w, 14) + Vector512.Create(Unsafe.Add(ref k, 14)));
        Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref w, 15) + Vector512.Create(Unsafe.Add(ref k, 15)));
        for (var i = 0; i < 3; i++)
        {
            k = ref Unsafe.Add(ref k, 16);
            Round(a, b, c, ref d, e, f, g, ref h, Extend(ref w, 0) + Vector512.Create(Unsafe.Add(ref k, 0)));
            Round(h, a, b, ref c, d, e, f, ref g, Extend(ref w, 1) + Vector512.Create(Unsafe.Add(ref k, 1)));
            Round(g, h, a, ref b, c, d, e, ref f, Extend(ref w, 2) + Vector512.Create(Unsafe.Add(ref k, 2)));
            Round(f, g, h, ref a, b, c, d, ref e, Extend(ref w, 3) + Vector512.Create(Unsafe.Add(ref k, 3)));
            Round(e, f, g, ref h, a, b, c, ref d, Extend(ref w, 4) + Vector512.Create(Unsafe.Add(ref k, 4)));
            Round(d, e, f, ref g, h, a, b, ref c, Extend(ref w, 5) + Vector512.Create(Unsafe.Add(ref k, 5)));
            Round(c, d, e, ref f, g, h, a, ref b, Extend(ref w, 6) + Vector512.Create(Unsafe.Add(ref k, 6)));
            Round(b, c, d, ref e, f, g, h, ref a, Extend(ref w, 7) + Vector512.Create(Unsafe.Add(ref k, 7)));
            Round(a, b, c, ref d, e, f, g, ref h, Extend(ref w, 8) + Vector512.Create(Unsafe.Add(ref k, 8)));
            Round(h, a, b, ref c, d, e, f, ref g, Extend(ref w, 9) + Vector512.Create(Unsafe.Add(ref k, 9)));
            Round(g, h, a, ref b, c, d, e, ref f, Extend(ref w, 10) + Vector512.Create(Unsafe.Add(ref k, 10)));
            Round(f, g, h, ref a, b, c, d, ref e, Extend(ref w, 11) + Vector512.Create(Unsafe.Add(ref k, 11)));
            Round(e, f, g, ref h, a, b, c, ref d, Extend(ref w, 12) + Vector512.Create(Unsafe.Add(ref k, 12)));
            Round(d, e, f, ref g, h, a, b, ref c, Extend(ref w, 13) + Vector512.Create(Unsafe.Add(ref k, 13)));
            Round(c, d, e, ref f, g, h, a, ref b, Extend(ref w, 14) + Vector512.Create(Unsafe.Add(ref k, 14)));
            Round(b, c, d, ref e, f, g, h, ref a, Extend(ref w, 15) + Vector512.Create(Unsafe.Add(ref k, 15)));
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
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> d,
        Vector512<uint> e, Vector512<uint> f, Vector512<uint> g, ref Vector512<uint> h, Vector512<uint> wk)
    {
        const byte Xor = 0x96;
        const byte Choose = 0xCA;
        const byte Majority = 0xE8;
        var sum1 = Avx512F.TernaryLogic(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25), Xor);
        var t1 = h + wk + sum1 + Avx512F.TernaryLogic(e, f, g, Choose);
        var sum0 = Avx512F.TernaryLogic(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22), Xor);
        d += t1;
        h = t1 + sum0 + Avx512F.TernaryLogic(a, b, c, Majority);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Extend(ref Vector512<uint> w, int i)
    {
        const byte Xor = 0x96;
        var w1 = Unsafe.Add(ref w, (i + 1) & 15);
        var w14 = Unsafe.Add(ref w, (i + 14) & 15);
        var sigma0 = Avx512F.TernaryLogic(Avx512F.RotateRight(w1, 7), Avx512F.RotateRight(w1, 18), Vector512.ShiftRightLogical(w1, 3), Xor);
        var sigma1 = Avx512F.TernaryLogic(Avx512F.RotateRight(w14, 17), Avx512F.RotateRight(w14, 19), Vector512.ShiftRightLogical(w14, 10), Xor);
        return Unsafe.Add(ref w, i) += sigma0 + Unsafe.Add(ref w, (i + 9) & 15) + sigma1;
    }

    // Sixteen words of each of sixteen messages, transposed so that a register holds one word of every message. All sixteen rows stay in registers: written
    // as loops over memory, this took a third of all instructions.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Load(ref byte first, int stride, Span<Vector512<uint>> words)
    {
        TransposeInQuarters(Row(ref first, stride, 0), Row(ref first, stride, 1), Row(ref first, stride, 2), Row(ref first, stride, 3),
            out var a, out var b, out var c, out var d);
        TransposeInQuarters(Row(ref first, stride, 4), Row(ref first, stride, 5), Row(ref first, stride, 6), Row(ref first, stride, 7),
            out var e, out var f, out var g, out var h);
        TransposeInQuarters(Row(ref first, stride, 8), Row(ref first, stride, 9), Row(ref first, stride, 10), Row(ref first, stride, 11),
            out var i, out var j, out var k, out var l);
        TransposeInQuarters(Row(ref first, stride, 12), Row(ref first, stride, 13), Row(ref first, stride, 14), Row(ref first, stride, 15),
            out var m, out var n, out var o, out var p);

        // The quarters of each register are transposed now; the quarters themselves remain.
        ref var w = ref MemoryMarshal.GetReference(words);
        TransposeQuarters(ref Unsafe.Add(ref w, 0), a, e, i, m);
        TransposeQuarters(ref Unsafe.Add(ref w, 1), b, f, j, n);
        TransposeQuarters(ref Unsafe.Add(ref w, 2), c, g, k, o);
        TransposeQuarters(ref Unsafe.Add(ref w, 3), d, h, l, p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Row(ref byte first, int stride, int i) => Vector512.LoadUnsafe(ref Unsafe.Add(ref first, (nint)i * stride)).AsUInt32();

    // Each quarter of a register has one word of four messages afterwards.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeInQuarters(
        Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d,
        out Vector512<uint> word0, out Vector512<uint> word1, out Vector512<uint> word2, out Vector512<uint> word3)
    {
        var (low, high) = (Avx512F.UnpackLow(a, b).AsUInt64(), Avx512F.UnpackHigh(a, b).AsUInt64());
        var (nextLow, nextHigh) = (Avx512F.UnpackLow(c, d).AsUInt64(), Avx512F.UnpackHigh(c, d).AsUInt64());
        word0 = Avx512F.UnpackLow(low, nextLow).AsUInt32();
        word1 = Avx512F.UnpackHigh(low, nextLow).AsUInt32();
        word2 = Avx512F.UnpackLow(high, nextHigh).AsUInt32();
        word3 = Avx512F.UnpackHigh(high, nextHigh).AsUInt32();
    }

    // Words i, i + 4, i + 8 and i + 12 of all messages, in the byte order of the processor.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeQuarters(ref Vector512<uint> w, Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d)
    {
        var swap = Vector512.Create(0x00010203u, 0x04050607, 0x08090A0B, 0x0C0D0E0F, 0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F,
            0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F, 0x00010203, 0x04050607, 0x08090A0B, 0x0C0D0E0F).AsByte();
        var (even, odd) = (Avx512F.Shuffle4x128(a, b, 0x88), Avx512F.Shuffle4x128(a, b, 0xDD));
        var (nextEven, nextOdd) = (Avx512F.Shuffle4x128(c, d, 0x88), Avx512F.Shuffle4x128(c, d, 0xDD));
        w = Avx512BW.Shuffle(Avx512F.Shuffle4x128(even, nextEven, 0x88).AsByte(), swap).AsUInt32();
        Unsafe.Add(ref w, 4) = Avx512BW.Shuffle(Avx512F.Shuffle4x128(odd, nextOdd, 0x88).AsByte(), swap).AsUInt32();
        Unsafe.Add(ref w, 8) = Avx512BW.Shuffle(Avx512F.Shuffle4x128(even, nextEven, 0xDD).AsByte(), swap).AsUInt32();
        Unsafe.Add(ref w, 12) = Avx512BW.Shuffle(Avx512F.Shuffle4x128(odd, nextOdd, 0xDD).AsByte(), swap).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Store(ReadOnlySpan<Vector512<uint>> state, Span<Hash256> hashes)
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
