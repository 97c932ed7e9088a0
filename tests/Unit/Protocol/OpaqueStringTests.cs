using FsCheck.Xunit;
using P2PShare.Protocol.Names;

namespace P2PShare.Unit.Protocol;

/// <summary>The OpaqueString profile of RFC 8265; the first rows are the examples of its section 4.3.</summary>
public sealed class OpaqueStringTests
{
    [Theory]
    [InlineData("correct horse battery staple", "correct horse battery staple")]
    [InlineData("Correct Horse Battery Staple", "Correct Horse Battery Staple")]
    [InlineData("\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5")]
    [InlineData("Jack of \u2666s", "Jack of \u2666s")]
    [InlineData("foo\u1680bar", "foo bar")]
    [InlineData("no\u00A0break\u3000space", "no break space")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")] // Hangul
    [InlineData("o\u0323\u0302", "\u1ED9")]
    [InlineData("o\u0302\u0323", "\u1ED9")]
    [InlineData("\uFF21", "\uFF21")] // its width stays
    [InlineData(" a ", " a ")]
    [InlineData("\U0001F600", "\U0001F600")]
    public void A_password_is_prepared(string typed, string prepared)
    {
        Assert.Equal((prepared, null), OpaqueString.Prepare(typed));
        Assert.Equal((prepared, null), OpaqueString.Prepare(prepared));
    }

    [Theory]
    [InlineData("", "The password is empty.")]
    [InlineData("my cat is a \u0009by", "The password contains a control character, such as a tab or a line break.")]
    [InlineData("a\u0085", "The password contains a control character, such as a tab or a line break.")]
    [InlineData("a\uFFFE", "The password contains a code point that is not a character.")]
    [InlineData("a\uFDD0", "The password contains a code point that is not a character.")]
    public void A_password_that_no_keyboard_gives_twice_is_refused(string typed, string problem) =>
        Assert.Equal((null, problem), OpaqueString.Prepare(typed));

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused() =>
        Assert.Equal((null, "The password contains half of a surrogate pair."), OpaqueString.Prepare("a\uD83D"));

    [Property(MaxTest = 500)]
    public void Any_text_is_refused_or_prepared_once_and_for_all(char[] text)
    {
        var typed = new string(text);
        var (prepared, problem) = OpaqueString.Prepare(typed);

        Assert.NotEqual(prepared is null, problem is null);
        if (prepared is not null)
        {
            Assert.Equal(prepared, OpaqueString.Prepare(prepared).Prepared);
            Assert.Equal(prepared, OpaqueString.Prepare(ADRaffy.ENSNormalize.ENSNormalize.NF.NFD(typed)).Prepared);
        }
    }
}
