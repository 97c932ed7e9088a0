using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class PartFileRecordTests
{
    private static readonly Hash256[] Layer = [.. Enumerable.Range(0, 11).Select(i => Hash256.Compute([(byte)i]))];

    private static readonly ContentDescription Several = new(
        11 * PieceLength.Min - 5, PieceLength.Min, HashTree.Root(Layer.ToArray(), HashTree.Height(PieceLength.Min)));

    private static readonly ContentDescription Single = new(1000, PieceLength.Min, Hash256.Compute([1]));

    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var have = new Bitfield(11);
        have.Set(0);
        have.Set(10);

        var bytes = new PartFileRecord(Layer, have).Encode(Several);
        var read = PartFileRecord.TryDecode(bytes, Several);

        Assert.NotNull(read);
        Assert.Equal(Layer, read.PieceLayer);
        Assert.Equal(have.Bytes.ToArray(), read.Have.Bytes.ToArray());
        Assert.Equal(PartFileRecord.Length(Several), bytes.Length);
    }

    [Fact]
    public void A_record_about_a_single_piece_has_no_layer()
    {
        var have = new Bitfield(1);
        have.Set(0);

        var read = PartFileRecord.TryDecode(new PartFileRecord([], have).Encode(Single), Single);

        Assert.NotNull(read);
        Assert.Empty(read.PieceLayer);
        Assert.True(read.Have.IsComplete);
    }

    [Fact]
    public void The_layout_is_that_of_earlier_versions()
    {
        var bytes = new PartFileRecord([], new Bitfield(1)).Encode(Single);
        var fields = new List<byte>();
        fields.AddRange("P2PPART1"u8);
        fields.AddRange([0, 0, 0, 0, 0, 0, 0x03, 0xE8]);
        fields.AddRange([0, 1, 0, 0]);
        fields.AddRange([0, 0, 0, 0]);
        fields.AddRange(Single.PiecesRoot!.Value.ToArray());
        fields.Add(0);

        Assert.Equal([.. fields, .. SHA256.HashData(fields.ToArray())], bytes);
    }

    [Fact]
    public void A_record_with_any_byte_changed_is_refused()
    {
        var bytes = new PartFileRecord(Layer, new Bitfield(11)).Encode(Several);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.Null(PartFileRecord.TryDecode(bytes, Several));
            bytes[i] ^= 1;
        }

        Assert.NotNull(PartFileRecord.TryDecode(bytes, Several));
    }

    [Fact]
    public void A_record_of_another_length_is_refused()
    {
        var bytes = new PartFileRecord(Layer, new Bitfield(11)).Encode(Several);
        Assert.Null(PartFileRecord.TryDecode(bytes.AsSpan(..^1), Several));
        Assert.Null(PartFileRecord.TryDecode([.. bytes, 0], Several));
        Assert.Null(PartFileRecord.TryDecode([], Several));
    }

    [Fact]
    public void A_record_about_another_content_is_refused()
    {
        var bytes = new PartFileRecord(Layer, new Bitfield(11)).Encode(Several);
        Assert.Null(PartFileRecord.TryDecode(bytes, Several with { Size = Several.Size - 1 }));
        Assert.Null(PartFileRecord.TryDecode(bytes, Several with { PiecesRoot = Hash256.Compute([9]) }));
    }

    [Fact]
    public void A_layer_that_is_not_under_the_root_is_refused_although_the_record_is_undamaged()
    {
        Hash256[] wrong = [.. Layer];
        wrong[3] = Hash256.Compute([99]);
        Assert.Null(PartFileRecord.TryDecode(new PartFileRecord(wrong, new Bitfield(11)).Encode(Several), Several));
    }

    [Fact]
    public void A_bitfield_with_spare_bits_is_refused_although_the_record_is_undamaged()
    {
        var bytes = new PartFileRecord(Layer, new Bitfield(11)).Encode(Several);
        bytes[^(SHA256.HashSizeInBytes + 1)] |= 1;
        SHA256.HashData(bytes.AsSpan(..^SHA256.HashSizeInBytes), bytes.AsSpan(^SHA256.HashSizeInBytes..));

        Assert.Null(PartFileRecord.TryDecode(bytes, Several));
    }
}
