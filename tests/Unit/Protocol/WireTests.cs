using System.Buffers.Binary;
using FsCheck;
using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Wire;

namespace P2PShare.Unit.Protocol;

public class WireTests
{
    private const int MaxPieces = 1 << 20;

    // Least and greatest body of each kind, written down a second time.
    private static readonly Dictionary<MessageId, (int Least, int Most)> Bounds = new()
    {
        [MessageId.Have] = (8, 4100),
        [MessageId.Bitfield] = (5, 131076),
        [MessageId.Request] = (16, 16),
        [MessageId.Piece] = (13, 1048588),
        [MessageId.Cancel] = (16, 16),
        [MessageId.HaveAll] = (4, 4),
        [MessageId.HaveNone] = (4, 4),
        [MessageId.Reject] = (16, 16),
        [MessageId.Hello] = (2, 32769),
        [MessageId.HashRequest] = (12, 12),
        [MessageId.Hashes] = (44, 16396),
        [MessageId.HashReject] = (12, 12),
        [MessageId.Open] = (52, 52),
        [MessageId.Close] = (5, 5),
        [MessageId.MapRequest] = (12, 12),
        [MessageId.Map] = (13, 16396),
        [MessageId.MapReject] = (12, 12),
        [MessageId.Get] = (48, 8208),
        [MessageId.Content] = (33, 65568),
        [MessageId.GetReject] = (33, 8193),
        [MessageId.TreeRequest] = (16, 16),
        [MessageId.TreeHashes] = (48, 16400),
        [MessageId.TreeReject] = (16, 16),
        [MessageId.PackedRequest] = (16, 16),
        [MessageId.PackedPiece] = (17, 1048588),
    };

    public static TheoryData<MessageId> Kinds => [.. PeerMessageReader.Kinds];

    [Property]
    public void Block_ranges_come_back(uint channel, int piece, int begin, int count)
    {
        var range = new BlockRange(channel, Within(piece, MaxPieces), Within(begin, PieceLength.Max), 1 + Within(count, Frame.MaxBlock));
        foreach (var id in new[] { MessageId.Request, MessageId.PackedRequest, MessageId.Cancel, MessageId.Reject })
        {
            Assert.Equal(range, RoundTrip(id, buffer => range.Write(buffer, id)));
        }
    }

    [Property]
    public void Pieces_come_back(uint channel, int piece, int begin, NonEmptyArray<byte> data)
    {
        var header = new PieceHeader(channel, Within(piece, MaxPieces), Within(begin, PieceLength.Max));
        var (read, bytes) = ((PieceHeader, byte[]))RoundTrip(MessageId.Piece, buffer =>
        {
            var length = header.Write(buffer, data.Get.Length);
            data.Get.CopyTo(buffer.AsSpan(length));
            return length + data.Get.Length;
        });
        Assert.Equal(header, read);
        Assert.Equal(data.Get, bytes);
    }

    [Property]
    public void Packed_pieces_come_back_and_have_fewer_bytes_than_they_become(uint channel, int piece, int begin, NonEmptyArray<byte> data, int more)
    {
        var packed = data.Get.Length;
        var header = new PackedPieceHeader(channel, Within(piece, MaxPieces), Within(begin, PieceLength.Max), packed + 1 + Within(more, 1000));
        var (read, bytes) = ((PackedPieceHeader, byte[]))RoundTrip(MessageId.PackedPiece, buffer => Write(buffer, header));
        Assert.Equal(header, read);
        Assert.Equal(data.Get, bytes);
        Assert.Throws<WireException>(() => RoundTrip(MessageId.PackedPiece, buffer => Write(buffer, header with { Count = packed })));

        int Write(byte[] buffer, PackedPieceHeader written)
        {
            var length = written.Write(buffer, packed);
            data.Get.CopyTo(buffer.AsSpan(length));
            return length + packed;
        }
    }

    [Property]
    public void Haves_come_back(uint channel, NonEmptyArray<int> pieces)
    {
        var indices = pieces.Get.Select(piece => Within(piece, MaxPieces)).ToArray();
        var (readChannel, read) = ((uint, int[]))RoundTrip(MessageId.Have, buffer => HaveMessage.Write(buffer, channel, indices));
        Assert.Equal(channel, readChannel);
        Assert.Equal(indices, read);
    }

    [Property]
    public void Bitfields_come_back(uint channel, NonEmptyArray<byte> bits)
    {
        foreach (var (id, sent) in new[] { (MessageId.Bitfield, bits.Get), (MessageId.HaveAll, []), (MessageId.HaveNone, []) })
        {
            var (readChannel, read) = ((uint, byte[]))RoundTrip(id, buffer => BitfieldMessage.Write(buffer, id, channel, sent));
            Assert.Equal(channel, readChannel);
            Assert.Equal(sent, read);
        }
    }

    [Property]
    public void Hash_requests_and_hashes_come_back(uint channel, int index, int count, NonEmptyArray<byte> seeds)
    {
        var range = new HashRange(channel, Within(index, MaxPieces), 1 + Within(count, Frame.MaxHashes));
        foreach (var id in new[] { MessageId.HashRequest, MessageId.HashReject })
        {
            Assert.Equal(range, RoundTrip(id, buffer => range.Write(buffer, id)));
        }

        var hashes = seeds.Get.Select(seed => Hash256.Compute([seed])).ToArray();
        var answer = range with { Count = hashes.Length };
        var (readRange, read) = ((HashRange, Hash256[]))RoundTrip(MessageId.Hashes, buffer => answer.Write(buffer, hashes));
        Assert.Equal(answer, readRange);
        Assert.Equal(hashes, read);
    }

    [Property]
    public void Tree_requests_and_tree_hashes_come_back(uint channel, byte level, int index, int count, NonEmptyArray<byte> seeds)
    {
        var height = level % 10;
        var range = new TreeRange(channel, height, Within(index, 1 << (30 - height)), 1 + Within(count, Frame.MaxHashes));
        foreach (var id in new[] { MessageId.TreeRequest, MessageId.TreeReject })
        {
            Assert.Equal(range, RoundTrip(id, buffer => range.Write(buffer, id)));
        }

        var hashes = seeds.Get.Select(seed => Hash256.Compute([seed])).ToArray();
        var answer = range with { Count = hashes.Length };
        var (readRange, read) = ((TreeRange, Hash256[]))RoundTrip(MessageId.TreeHashes, buffer => answer.Write(buffer, hashes));
        Assert.Equal(answer, readRange);
        Assert.Equal(hashes, read);
    }

    [Fact]
    public void A_node_has_to_be_in_the_greatest_content()
    {
        for (var height = 0; height <= TreeRange.MaxHeight; height++)
        {
            var last = new TreeRange(1, height, (1 << (30 - height)) - 1, 1);
            Assert.Equal(last, RoundTrip(MessageId.TreeRequest, buffer => last.Write(buffer, MessageId.TreeRequest)));
            Assert.Throws<WireException>(() => RoundTrip(
                MessageId.TreeRequest, buffer => (last with { Index = last.Index + 1 }).Write(buffer, MessageId.TreeRequest)));
        }
    }

    [Property]
    public void Map_requests_and_maps_come_back(uint channel, int offset, int count, NonEmptyArray<byte> bytes)
    {
        var range = new MapRange(channel, Within(offset, ChunkMap.MaxLength), 1 + Within(count, MapRange.MaxCount));
        foreach (var id in new[] { MessageId.MapRequest, MessageId.MapReject })
        {
            Assert.Equal(range, RoundTrip(id, buffer => range.Write(buffer, id)));
        }

        var header = new MapHeader(channel, Within(offset, ChunkMap.MaxLength - bytes.Get.Length) + bytes.Get.Length, 0);
        var (read, part) = ((MapHeader, byte[]))RoundTrip(MessageId.Map, buffer =>
        {
            var at = header.Write(buffer, bytes.Get.Length);
            bytes.Get.CopyTo(buffer, at);
            return at + bytes.Get.Length;
        });
        Assert.Equal(header, read);
        Assert.Equal(bytes.Get, part);
    }

    [Property]
    public void Hello_open_and_close_come_back(byte version, NonEmptyArray<byte> ticket, uint channel, byte reason)
    {
        var hello = new HelloMessage(version, string.Concat(ticket.Get.Select(b => (char)(b & 0x7F))));
        Assert.Equal(hello, RoundTrip(MessageId.Hello, buffer => hello.Write(buffer)));
        var open = new OpenMessage(Math.Max(channel, 1), Hash256.Compute(ticket.Get), new Guid(Hash256.Compute([7]).ToArray().AsSpan(0, 16)));
        Assert.Equal(open, RoundTrip(MessageId.Open, buffer => open.Write(buffer)));
        var close = new CloseMessage(channel, (CloseReason)reason);
        Assert.Equal(close, RoundTrip(MessageId.Close, buffer => close.Write(buffer)));
    }

    [Property]
    public void Gets_contents_and_their_refusals_come_back(Guid group, NonEmptyArray<byte> seeds, byte reason)
    {
        var roots = seeds.Get.Take(GetMessage.MaxContents).Select(seed => Hash256.Compute([seed])).ToArray();
        var (readGroup, wanted) = ((Guid, Hash256[]))RoundTrip(MessageId.Get, buffer => GetMessage.Write(buffer, group, roots));
        Assert.Equal(group, readGroup);
        Assert.Equal(roots, wanted);

        var (root, bytes) = ((Hash256, byte[]))RoundTrip(MessageId.Content, buffer =>
        {
            var at = ContentMessage.WriteHeader(buffer, roots[0], seeds.Get.Length);
            seeds.Get.CopyTo(buffer.AsSpan(at));
            return at + seeds.Get.Length;
        });
        Assert.Equal(roots[0], root);
        Assert.Equal(seeds.Get, bytes);

        var (readReason, refused) = ((CloseReason, Hash256[]))RoundTrip(MessageId.GetReject, buffer => GetRejectMessage.Write(buffer, (CloseReason)reason, roots));
        Assert.Equal((CloseReason)reason, readReason);
        Assert.Equal(roots, refused);
    }

    [Theory]
    [InlineData(MessageId.Get, 48)]
    [InlineData(MessageId.GetReject, 33)]
    public void A_list_of_contents_that_ends_within_one_is_refused(MessageId id, int least)
    {
        foreach (var extra in new[] { 1, 31, 33 })
        {
            Assert.Throws<WireException>(() => PeerMessageReader.Read([.. Header(id, (uint)(least + extra)), .. new byte[least + extra]]));
        }
    }

    [Fact]
    public void Frames_have_the_layout_of_bep_3()
    {
        var buffer = new byte[64];
        var length = new BlockRange(0x01020304, 5, 0x10000, 0x4000).Write(buffer, MessageId.Request);
        Assert.Equal(
            [0, 0, 0, 17, 6, 1, 2, 3, 4, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 0x40, 0],
            buffer[..length]);
    }

    [Fact]
    public void Every_kind_has_its_bounds_here() => Assert.Equal(PeerMessageReader.Kinds.Order(), Bounds.Keys.Order());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_length_is_accepted_within_the_bounds_of_its_kind_only(MessageId id)
    {
        var (least, most) = Bounds[id];
        foreach (var length in new[] { least, most })
        {
            Assert.True(Frame.TryReadHeader(Header(id, (uint)length), out var read, out var header, out var body));
            Assert.Equal((id, Frame.HeaderLength, length), (read, header, body));
        }

        foreach (var length in new uint[] { 0, (uint)least - 1, (uint)most + 1, 0x7FFF_FFFE, 0x8000_0000, 0xFFFF_FFFE })
        {
            Assert.Throws<WireException>(() => Frame.TryReadHeader(Header(id, length), out _, out _, out _));
        }
    }

    [Fact]
    public void A_length_that_no_kind_allows_is_refused_before_the_kind_has_arrived()
    {
        var most = Bounds.Values.Max(bounds => bounds.Most) + 1;
        Assert.False(Frame.TryReadHeader(Length((uint)most), out _, out _, out _));
        Assert.Throws<WireException>(() => Frame.TryReadHeader(Length((uint)most + 1), out _, out _, out _));
        Assert.Throws<WireException>(() => Frame.TryReadHeader(Length(uint.MaxValue), out _, out _, out _));
        Assert.Throws<WireException>(() => Frame.TryReadHeader("GET "u8, out _, out _, out _));
    }

    [Fact]
    public void Unknown_kinds_are_refused_whatever_their_length()
    {
        foreach (var id in Enumerable.Range(0, 256).Select(id => (MessageId)id).Except(PeerMessageReader.Kinds))
        {
            foreach (var length in new uint[] { 0, 4, 16, 1000 })
            {
                Assert.Throws<WireException>(() => Frame.TryReadHeader(Header(id, length), out _, out _, out _));
            }
        }
    }

    [Fact]
    public void A_frame_of_length_0_is_a_keep_alive_whatever_follows()
    {
        Assert.True(Frame.TryReadHeader([0, 0, 0, 0, 255, 1], out var id, out var header, out var body));
        Assert.Equal((MessageId.KeepAlive, 4, 0), (id, header, body));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_prefix_of_a_frame_waits_for_more(MessageId id)
    {
        var frame = Valid(id);
        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Equal(length >= Frame.HeaderLength, Frame.TryReadHeader(frame.AsSpan(..length), out _, out _, out _));
            Assert.Null(PeerMessageReader.Read(frame.AsSpan(..length)));
        }

        Assert.NotNull(PeerMessageReader.Read(frame));
    }

    [Theory]
    [InlineData(MessageId.Request, 4, MaxPieces)]
    [InlineData(MessageId.Request, 4, uint.MaxValue)]
    [InlineData(MessageId.Request, 8, PieceLength.Max)]
    [InlineData(MessageId.Request, 8, uint.MaxValue)]
    [InlineData(MessageId.Request, 12, 0)]
    [InlineData(MessageId.Request, 12, Frame.MaxBlock + 1)]
    [InlineData(MessageId.Request, 12, 0x8000_0001)]
    [InlineData(MessageId.Piece, 4, MaxPieces)]
    [InlineData(MessageId.Piece, 8, PieceLength.Max)]
    [InlineData(MessageId.Have, 4, MaxPieces)]
    [InlineData(MessageId.HashRequest, 4, MaxPieces)]
    [InlineData(MessageId.HashRequest, 8, 0)]
    [InlineData(MessageId.HashRequest, 8, Frame.MaxHashes + 1)]
    [InlineData(MessageId.Hashes, 8, 1)]
    [InlineData(MessageId.Hashes, 8, 3)]
    [InlineData(MessageId.Hashes, 8, uint.MaxValue)]
    [InlineData(MessageId.TreeRequest, 4, 10)]
    [InlineData(MessageId.TreeRequest, 4, uint.MaxValue)]
    [InlineData(MessageId.TreeRequest, 8, 1 << 28)]
    [InlineData(MessageId.TreeRequest, 8, uint.MaxValue)]
    [InlineData(MessageId.TreeRequest, 12, 0)]
    [InlineData(MessageId.TreeRequest, 12, Frame.MaxHashes + 1)]
    [InlineData(MessageId.TreeHashes, 12, 1)]
    [InlineData(MessageId.TreeHashes, 12, 3)]
    [InlineData(MessageId.TreeHashes, 12, uint.MaxValue)]
    [InlineData(MessageId.Open, 0, 0)]
    [InlineData(MessageId.MapRequest, 4, ChunkMap.MaxLength)]
    [InlineData(MessageId.MapRequest, 4, uint.MaxValue)]
    [InlineData(MessageId.MapRequest, 8, 0)]
    [InlineData(MessageId.MapRequest, 8, MapRange.MaxCount + 1)]
    [InlineData(MessageId.Map, 4, 0)]
    [InlineData(MessageId.Map, 4, 999)]
    [InlineData(MessageId.Map, 4, ChunkMap.MaxLength + 1)]
    [InlineData(MessageId.Map, 4, uint.MaxValue)]
    [InlineData(MessageId.Map, 8, 998)]
    [InlineData(MessageId.Map, 8, uint.MaxValue)]
    public void A_number_out_of_range_is_refused(MessageId id, int offset, uint value)
    {
        var frame = Valid(id);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(Frame.HeaderLength + offset), value);
        Assert.Throws<WireException>(() => PeerMessageReader.Read(frame));
    }

    [Fact]
    public void A_have_that_ends_within_a_number_is_refused()
    {
        foreach (var extra in new uint[] { 1, 2, 3 })
        {
            Assert.Throws<WireException>(() => PeerMessageReader.Read([.. Header(MessageId.Have, 8 + extra), .. new byte[8 + extra]]));
        }
    }

    [Fact]
    public void A_ticket_that_is_not_ascii_is_refused() =>
        Assert.Throws<WireException>(() => PeerMessageReader.Read([.. Header(MessageId.Hello, 3), 1, 0xC3, 0xA9]));

    [Fact]
    public void The_longest_ticket_fits_into_a_hello()
    {
        var hello = new HelloMessage(HelloMessage.CurrentVersion, new string('a', TicketValidator.MaxLength));
        Assert.Equal(hello, RoundTrip(MessageId.Hello, buffer => hello.Write(buffer)));
    }

    [Property(MaxTest = 2000)]
    public void Random_bytes_are_decoded_or_refused(byte[] bytes) => Fuzz(bytes);

    [Property(MaxTest = 2000)]
    public void Random_bodies_of_every_kind_are_decoded_or_refused(byte[] body)
    {
        foreach (var id in PeerMessageReader.Kinds)
        {
            var (least, _) = Bounds[id];
            byte[] padded = [.. body, .. new byte[Math.Max(0, least - body.Length)]];
            Fuzz([.. Header(id, (uint)padded.Length), .. padded]);
            Fuzz([.. Header(id, (uint)least), .. padded]);
        }
    }

    [Property(MaxTest = 2000)]
    public void Valid_frames_with_bytes_changed_are_decoded_or_refused(byte kind, (byte At, byte Value)[] changes, byte cut)
    {
        var frame = Valid(PeerMessageReader.Kinds[kind % PeerMessageReader.Kinds.Length]);
        foreach (var (at, value) in changes)
        {
            frame[at % frame.Length] = value;
        }

        Fuzz(frame);
        Fuzz(frame[..(cut % frame.Length)]);
    }

    private static void Fuzz(byte[] bytes)
    {
        try
        {
            if (Frame.TryReadHeader(bytes, out var id, out var header, out var length))
            {
                Assert.InRange(length, 0, id == MessageId.KeepAlive ? 0 : Bounds[id].Most);
                Assert.InRange(header, 4, Frame.HeaderLength);
            }

            PeerMessageReader.Read(bytes);
        }
        catch (WireException e)
        {
            Printable.Check(e.Message);
        }
    }

    private static object RoundTrip(MessageId id, Func<byte[], int> write)
    {
        var buffer = new byte[64 * 1024];
        Array.Fill(buffer, (byte)0xEE);
        var length = write(buffer);
        Assert.False(buffer.AsSpan(length).ContainsAnyExcept((byte)0xEE), "wrote beyond the frame");
        Assert.True(Frame.TryReadHeader(buffer, out var read, out var header, out var body));
        Assert.Equal((id, length), (read, header + body));
        return PeerMessageReader.Read(buffer.AsSpan(..length))!;
    }

    private static byte[] Valid(MessageId id)
    {
        var buffer = new byte[256];
        var length = id switch
        {
            MessageId.Have => HaveMessage.Write(buffer, 1, [3, 4, 5]),
            MessageId.Bitfield => BitfieldMessage.Write(buffer, id, 1, [0xFF, 0x80]),
            MessageId.HaveAll or MessageId.HaveNone => BitfieldMessage.Write(buffer, id, 1, []),
            MessageId.Request or MessageId.PackedRequest or MessageId.Cancel or MessageId.Reject => new BlockRange(1, 2, 16384, 16384).Write(buffer, id),
            MessageId.Piece => new PieceHeader(1, 2, 16384).Write(buffer, 3) + 3,
            MessageId.PackedPiece => new PackedPieceHeader(1, 2, 16384, 100).Write(buffer, 3) + 3,
            MessageId.Hello => new HelloMessage(1, "ey.J.x").Write(buffer),
            MessageId.HashRequest or MessageId.HashReject => new HashRange(1, 512, 100).Write(buffer, id),
            MessageId.Hashes => new HashRange(1, 512, 2).Write(buffer, [Hash256.Compute([1]), Hash256.Compute([2])]),
            MessageId.TreeRequest or MessageId.TreeReject => new TreeRange(1, 2, 512, 100).Write(buffer, id),
            MessageId.TreeHashes => new TreeRange(1, 2, 512, 2).Write(buffer, [Hash256.Compute([1]), Hash256.Compute([2])]),
            MessageId.Get => GetMessage.Write(buffer, Guid.Empty, [Hash256.Compute([1]), Hash256.Compute([2])]),
            MessageId.Content => ContentMessage.WriteHeader(buffer, Hash256.Compute([1]), 3) + 3,
            MessageId.GetReject => GetRejectMessage.Write(buffer, CloseReason.NotOffered, [Hash256.Compute([1])]),
            MessageId.Open => new OpenMessage(1, Hash256.Compute([1]), Guid.Empty).Write(buffer),
            MessageId.Close => new CloseMessage(1, CloseReason.Busy).Write(buffer),
            MessageId.MapRequest or MessageId.MapReject => new MapRange(1, 16384, 100).Write(buffer, id),
            MessageId.Map => new MapHeader(1, 1000, 997).Write(buffer, 3) + 3,
            _ => throw new ArgumentOutOfRangeException(nameof(id), id, "Not a kind on the wire."),
        };
        return buffer[..length];
    }

    private static byte[] Header(MessageId id, uint bodyLength) => [.. Length(bodyLength + 1), (byte)id];

    private static byte[] Length(uint length)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, length);
        return bytes;
    }

    private static int Within(int any, int limit) => (any & int.MaxValue) % limit;
}
