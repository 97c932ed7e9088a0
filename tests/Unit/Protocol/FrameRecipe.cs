using FsCheck;
using FsCheck.Fluent;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;

namespace P2PShare.Unit.Protocol;

/// <summary>
/// What a frame that a liar might send is made of. Its bytes follow from this alone, so that a failure can be read, and
/// had again.
/// </summary>
/// <param name="Shape">How much of it is as it should be before the changes.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Length">Wanted length of what is variable in it, within its kind's bounds.</param>
/// <param name="Changes">How many of its bytes are set to something else.</param>
/// <param name="Cut">How many bytes are missing at its end.</param>
/// <param name="Seed">All the rest of it.</param>
internal sealed record FrameRecipe(FrameRecipe.Form Shape, MessageId Kind, int Length, int Changes, int Cut, int Seed)
{
    private const int MaxPieces = 1 << 20;

    // Length, kind, and the numbers that most kinds begin with: where a change does most.
    private const int Front = 24;

    internal enum Form
    {
        /// <summary>As an honest peer sends it.</summary>
        Valid,

        /// <summary>A valid length and kind, then anything.</summary>
        AnyBody,

        /// <summary>Anything at all.</summary>
        AnyBytes,
    }

    public static Gen<FrameRecipe> Generator { get; } =
        from shape in Gen.Frequency((6, Gen.Constant(Form.Valid)), (3, Gen.Constant(Form.AnyBody)), (1, Gen.Constant(Form.AnyBytes)))
        from kind in Gen.Elements(PeerMessageReader.Kinds)
        from length in Gen.Frequency((950, Gen.Choose(0, 100)), (49, Gen.Choose(0, 4_000)), (1, Gen.Choose(0, Frame.MaxBlock)))
        from changes in Gen.Frequency((1, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
        from cut in Gen.Frequency((19, Gen.Constant(0)), (1, Gen.Choose(1, 40)))
        from seed in Gen.Choose(0, int.MaxValue - 1)
        select new FrameRecipe(shape, kind, length, changes, cut, seed);

    public byte[] Make()
    {
        var random = new Random(Seed);
        byte[] frame;
        if (Shape == Form.AnyBytes)
        {
            frame = Bytes(random, 1 + Math.Min(Length, 4_000));
        }
        else
        {
            frame = MakeValid(random);
            if (Shape == Form.AnyBody)
            {
                random.NextBytes(frame.AsSpan(Frame.HeaderLength));
            }
        }

        for (var i = 0; i < Changes; i++)
        {
            var at = random.Next(random.Next(2) == 0 ? Math.Min(Front, frame.Length) : frame.Length);
            // A bit, or the whole byte.
            frame[at] = random.Next(2) == 0 ? (byte)(frame[at] ^ (1 << random.Next(8))) : (byte)random.Next(256);
        }

        return Cut == 0 ? frame : frame[..Math.Max(1, frame.Length - Cut)];
    }

    private byte[] MakeValid(Random random)
    {
        var channel = (uint)random.Next(1, 100);
        var buffer = new byte[Frame.HeaderLength + TreeRange.Length + Length + 2 * Hash256.Size];
        var length = Kind switch
        {
            MessageId.Have => HaveMessage.Write(buffer, channel, Pieces(random, 1 + Math.Min(Length / 4, Frame.MaxHaves - 1))),
            MessageId.Bitfield => BitfieldMessage.Write(buffer, Kind, channel, Bytes(random, 1 + Math.Min(Length, MaxPieces / 8 - 1))),
            MessageId.HaveAll or MessageId.HaveNone => BitfieldMessage.Write(buffer, Kind, channel, []),
            MessageId.Request or MessageId.PackedRequest or MessageId.Cancel or MessageId.Reject =>
                new BlockRange(channel, random.Next(MaxPieces), random.Next(PieceLength.Max), 1 + random.Next(Frame.MaxBlock)).Write(buffer, Kind),
            MessageId.Piece => WritePiece(buffer, new PieceHeader(channel, random.Next(MaxPieces), random.Next(PieceLength.Max)), random),
            MessageId.PackedPiece => WritePackedPiece(buffer, channel, random),
            MessageId.Hello => new HelloMessage(HelloMessage.CurrentVersion, new string('e', 1 + Math.Min(Length, 32_000))).Write(buffer),
            MessageId.HashRequest or MessageId.HashReject =>
                new HashRange(channel, random.Next(MaxPieces), 1 + random.Next(Frame.MaxHashes)).Write(buffer, Kind),
            MessageId.Hashes => WriteHashes(buffer, channel, random),
            MessageId.TreeRequest or MessageId.TreeReject => Nodes(random, channel, 1 + random.Next(Frame.MaxHashes)).Write(buffer, Kind),
            MessageId.TreeHashes => WriteTree(buffer, channel, random),
            MessageId.Open => new OpenMessage(channel, new Hash256(Bytes(random, Hash256.Size)), new Guid(Bytes(random, 16))).Write(buffer),
            MessageId.Close => new CloseMessage(channel, (CloseReason)random.Next(256)).Write(buffer),
            MessageId.MapRequest or MessageId.MapReject =>
                new MapRange(channel, random.Next(ChunkMap.MaxLength), 1 + random.Next(MapRange.MaxCount)).Write(buffer, Kind),
            MessageId.Map => WriteMap(buffer, channel, random),
            MessageId.Get => GetMessage.Write(buffer, new Guid(Bytes(random, 16)), Roots(random)),
            MessageId.Content => WriteContent(buffer, random),
            MessageId.GetReject => GetRejectMessage.Write(buffer, (CloseReason)random.Next(256), Roots(random)),
            _ => throw new InvalidOperationException($"{Kind} is not made by the tests."),
        };
        return buffer[..length];
    }

    private int WritePiece(byte[] buffer, PieceHeader header, Random random)
    {
        var count = 1 + Math.Min(Length, Frame.MaxBlock - 1);
        var at = header.Write(buffer, count);
        // Its bytes are never looked at by the decoder.
        buffer.AsSpan(at, count).Fill((byte)random.Next(256));
        return at + count;
    }

    private int WritePackedPiece(byte[] buffer, uint channel, Random random)
    {
        var packed = 1 + Math.Min(Length, Frame.MaxBlock / 2);
        var header = new PackedPieceHeader(channel, random.Next(MaxPieces), random.Next(PieceLength.Max), random.Next(packed + 1, Frame.MaxBlock));
        var at = header.Write(buffer, packed);
        buffer.AsSpan(at, packed).Fill((byte)random.Next(256));
        return at + packed;
    }

    private int WriteMap(byte[] buffer, uint channel, Random random)
    {
        var count = 1 + Math.Min(Length, MapRange.MaxCount - 1);
        var total = random.Next(count, ChunkMap.MaxLength + 1);
        var at = new MapHeader(channel, total, random.Next(total - count + 1)).Write(buffer, count);
        buffer.AsSpan(at, count).Fill((byte)random.Next(256));
        return at + count;
    }

    private int WriteContent(byte[] buffer, Random random)
    {
        var size = 1 + Math.Min(Length, ContentMessage.MaxSize - 1);
        var at = ContentMessage.WriteHeader(buffer, new Hash256(Bytes(random, Hash256.Size)), size);
        buffer.AsSpan(at, size).Fill((byte)random.Next(256));
        return at + size;
    }

    private Hash256[] Roots(Random random) => Hashes(random, 1 + Math.Min(Length / Hash256.Size, GetMessage.MaxContents - 1));

    private static Hash256[] Hashes(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => new Hash256(Bytes(random, Hash256.Size)))];

    private int WriteHashes(byte[] buffer, uint channel, Random random)
    {
        var hashes = Hashes(random, 1 + Math.Min(Length / Hash256.Size, Frame.MaxHashes - 1));
        return new HashRange(channel, random.Next(MaxPieces), hashes.Length).Write(buffer, hashes);
    }

    private int WriteTree(byte[] buffer, uint channel, Random random)
    {
        var hashes = Hashes(random, 1 + Math.Min(Length / Hash256.Size, Frame.MaxHashes - 1));
        return Nodes(random, channel, hashes.Length).Write(buffer, hashes);
    }

    private static TreeRange Nodes(Random random, uint channel, int count)
    {
        var height = random.Next(TreeRange.MaxHeight + 1);
        return new TreeRange(channel, height, random.Next(1 << (30 - height)), count);
    }

    private static int[] Pieces(Random random, int count)
    {
        var pieces = new int[count];
        for (var i = 0; i < count; i++)
        {
            pieces[i] = random.Next(MaxPieces);
        }

        return pieces;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
