using System.Text.Json;
using FsCheck.Xunit;
using P2PShare.Protocol;

namespace P2PShare.Unit.Protocol;

public class Hash256Tests
{
    // FIPS 180-4's example "abc".
    private const string AbcHex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void Is_written_as_lower_case_hexadecimal() => Assert.Equal(AbcHex, Hash256.Compute("abc"u8).ToString());

    [Fact]
    public void Reads_both_cases() => Assert.Equal(Hash256.Parse(AbcHex), Hash256.Parse(AbcHex.ToUpperInvariant()));

    [Property]
    public void Comes_back_from_hex_json_and_bytes(byte[] data)
    {
        var hash = Hash256.Compute(data);
        Assert.Equal(hash, Hash256.Parse(hash.ToString()));
        Assert.Equal(hash, new Hash256(hash.ToArray()));
        Assert.Equal(hash, JsonSerializer.Deserialize<Hash256>(JsonSerializer.Serialize(hash)));
    }

    [Fact]
    public void Two_that_differ_in_one_bit_are_different()
    {
        var bytes = Hash256.Parse(AbcHex).ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.True(new Hash256(bytes) != Hash256.Parse(AbcHex));
            bytes[i] ^= 1;
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ba78")]
    [InlineData("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(" a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad00")]
    public void Anything_but_64_digits_is_refused(string? text)
    {
        Assert.False(Hash256.TryParse(text, out var hash));
        Assert.Equal(default, hash);
        Assert.Throws<FormatException>(() => Hash256.Parse(text!));
    }

    [Fact]
    public void What_is_refused_cannot_act_on_the_terminal()
    {
        var message = Assert.Throws<FormatException>(() => Hash256.Parse("\u001b[2J\u202e")).Message;
        Assert.DoesNotContain(message, c => char.IsControl(c) || c == '\u202e');
    }

    [Theory]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("\"\"")]
    [InlineData("\"ba78\"")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void Json_that_is_not_a_hash_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Hash256>(json));

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Another_number_of_bytes_is_refused(int length) => Assert.Throws<ArgumentException>(() => new Hash256(new byte[length]));
}
