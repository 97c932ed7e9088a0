using P2PShare.Protocol.Names;

namespace P2PShare.Unit.Protocol;

public sealed class PrintableCharacterTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("report one.bin", "report one.bin")]
    [InlineData("می\u200Cخواهم 👩\u200D💻 a\u200Bb", "می\u200Cخواهم 👩\u200D💻 a\u200Bb")]
    [InlineData("a\u001b[2Jb", "a\uFFFD[2Jb")]
    [InlineData("\u009b31m\u0007\u007f", "\uFFFD31m\uFFFD\uFFFD")]
    [InlineData("a\r\nb\tc", "a\uFFFD\uFFFDb\uFFFDc")]
    [InlineData("a\u202egpj.exe\u2066\u200e", "a\uFFFDgpj.exe\uFFFD\uFFFD")]
    [InlineData("a\u2028b\u2029", "a\uFFFDb\uFFFD")]
    public void What_acts_on_a_terminal_is_replaced_and_nothing_else(string text, string expected) => Assert.Equal(expected, PrintableCharacter.Defuse(text));

    [Fact]
    public void Half_of_a_surrogate_pair_is_replaced() => Assert.Equal("a\uFFFDb😀", PrintableCharacter.Defuse("a\ud800b😀"));

    [Fact]
    public void No_valid_path_is_changed()
    {
        for (var c = 0; c <= 0xFFFF; c++)
        {
            var text = $"a{(char)c}b";
            if (PrintableCharacter.Defuse(text) != text)
            {
                Assert.Throws<P2PShare.Protocol.P2PShareException>(() => FileName.CheckPath(text));
            }
        }
    }
}
