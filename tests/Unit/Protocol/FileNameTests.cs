using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Unit.Protocol;

public class FileNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("image.vhdx")]
    [InlineData("folder/sub folder/file.tar.gz")]
    [InlineData(".hidden")]
    [InlineData("..a")]
    [InlineData("a..b/...c")]
    [InlineData(" leading space")]
    [InlineData("~/x")]
    [InlineData("%2e%2e/%00")]
    [InlineData("console.log")]
    [InlineData("com10")]
    [InlineData("COM")]
    [InlineData("xcon")]
    [InlineData("x.con")]
    [InlineData("null")]
    [InlineData("lpt⁴")]
    [InlineData("größe.txt")]
    [InlineData("файл")]
    [InlineData("文件.bin")]
    [InlineData("தமிழ்")]
    [InlineData("שלום.txt")]
    [InlineData("한글")]
    [InlineData("が")]
    [InlineData("👩‍💻.png")]
    [InlineData(".p2ppart.txt")]
    [InlineData("a$b;c&d'e`f(g)")]
    [InlineData("می\u200Cخواهم کتاب\u200Cها.pdf")]
    [InlineData("مَ\u200Cَم")]
    [InlineData("क्\u200Dष क्\u200Cष.txt")]
    [InlineData("ශ්\u200Dරී")]
    [InlineData("ന്\u200D")]
    [InlineData("👨\u200D👩\u200D👧\u200D👦 🧑🏽\u200D🚀.png")]
    [InlineData("🏳\uFE0F\u200D🌈 👁\uFE0F\u200D🗨\uFE0F 👩🏽\u200D⚕\uFE0F")]
    [InlineData("❤\uFE0F ⚠\uFE0E ☎️.txt")]
    [InlineData("1\uFE0F\u20E3 #\uFE0F\u20E3")]
    [InlineData("🇩🇪 👍🏿")]
    [InlineData("葛\U000E0100城")]
    [InlineData("ᠠ\u180Bᠨ")]
    [InlineData("ꡁ\uFE00 က\uFE00")]
    public void A_name_that_every_system_can_store_is_allowed(string name) => FileName.Check(name);

    [Theory]
    [InlineData(null, "it is empty")]
    [InlineData("", "it is empty")]
    [InlineData("/", "begins or ends with '/'")]
    [InlineData("/etc/passwd", "begins or ends with '/'")]
    [InlineData("//server/share", "begins or ends with '/'")]
    [InlineData("a/", "begins or ends with '/'")]
    [InlineData("a//b", "two in a row")]
    [InlineData(".", "the folder '.'")]
    [InlineData("..", "the folder '..'")]
    [InlineData("../a", "the folder '..'")]
    [InlineData("a/../b", "the folder '..'")]
    [InlineData("a/..", "the folder '..'")]
    [InlineData("a/./b", "the folder '.'")]
    [InlineData("...", "ends with a dot")]
    [InlineData(".. /x", "ends with a space")]
    [InlineData("a\\b", "contains '\\'")]
    [InlineData("..\\a", "contains '\\'")]
    [InlineData("C:", "contains ':'")]
    [InlineData("C:/Windows/x", "contains ':'")]
    [InlineData("file:stream", "contains ':'")]
    [InlineData("a*", "contains '*'")]
    [InlineData("a?", "contains '?'")]
    [InlineData("a\"", "contains '\"'")]
    [InlineData("a<", "contains '<'")]
    [InlineData("a>", "contains '>'")]
    [InlineData("a|b", "contains '|'")]
    [InlineData("a\0b", "control character U+0000")]
    [InlineData("a\nb", "control character U+000A")]
    [InlineData("\u001b]0;x\u0007", "control character U+001B")]
    [InlineData("a\u007f", "control character U+007F")]
    [InlineData("a\u0085b", "control character U+0085")]
    [InlineData("a\u009bb", "control character U+009B")]
    [InlineData("x\u061cb", "U+061C, which changes the direction")]
    [InlineData("x\u200eb", "U+200E, which changes the direction")]
    [InlineData("x\u200fb", "U+200F, which changes the direction")]
    [InlineData("x\u202ab", "U+202A, which changes the direction")]
    [InlineData("x\u202bb", "U+202B, which changes the direction")]
    [InlineData("x\u202cb", "U+202C, which changes the direction")]
    [InlineData("x\u202db", "U+202D, which changes the direction")]
    [InlineData("annexe\u202egpj.exe", "U+202E, which changes the direction")]
    [InlineData("x\u2066b", "U+2066, which changes the direction")]
    [InlineData("x\u2067b", "U+2067, which changes the direction")]
    [InlineData("x\u2068b", "U+2068, which changes the direction")]
    [InlineData("x\u2069b", "U+2069, which changes the direction")]
    [InlineData("x\u2028b", "U+2028, which is not a character of a name")]
    [InlineData("x\u2029b", "U+2029, which is not a character of a name")]
    [InlineData("e\u0301.txt", "normalization form C")]
    [InlineData("\u212b", "normalization form C")]
    [InlineData("\u304b\u3099", "normalization form C")]
    [InlineData("\u1112\u1161\u11ab", "normalization form C")]
    [InlineData("a.", "'a.' ends with a dot")]
    [InlineData("a ", "'a ' ends with a space")]
    [InlineData("a./b", "'a.' ends with a dot")]
    [InlineData("a /b", "'a ' ends with a space")]
    [InlineData("x\u200b.", "'x?.' ends with a dot")]
    [InlineData("setup.exe\u200b", "invisible character U+200B")]
    [InlineData("\ufeffa", "invisible character U+FEFF")]
    [InlineData("re\u00adport", "invisible character U+00AD")]
    [InlineData("a\u3164", "invisible character U+3164")]
    [InlineData("a\u115fb", "invisible character U+115F")]
    [InlineData("a\u2060b", "invisible character U+2060")]
    [InlineData("a\u034fb", "invisible character U+034F")]
    [InlineData("a\U000E0041b", "invisible character U+E0041")]
    [InlineData("🏴\U000E0067\U000E007F", "invisible character U+E0067")]
    [InlineData("a\u200db", "joiner U+200D")]
    [InlineData("a\u200cb", "joiner U+200C")]
    [InlineData("\u200cb", "joiner U+200C")]
    [InlineData("می\u200c.txt", "joiner U+200C")]
    [InlineData("د\u200cم", "joiner U+200C")]
    [InlineData("می\u200dم", "joiner U+200D")]
    [InlineData("👩\u200d", "joiner U+200D")]
    [InlineData("👩\u200dx", "joiner U+200D")]
    [InlineData("x\u200d👩", "joiner U+200D")]
    [InlineData("👩\u200d\u200d👩", "joiner U+200D")]
    [InlineData("a\ufe0f", "variation selector U+FE0F")]
    [InlineData("\ufe0f", "variation selector U+FE0F")]
    [InlineData("1\ufe0f.txt", "variation selector U+FE0F")]
    [InlineData("❤\ufe0f\ufe0f", "variation selector U+FE0F")]
    [InlineData("a\U000E0100", "variation selector U+E0100")]
    [InlineData("葛\ufe0f", "variation selector U+FE0F")]
    [InlineData("a\u180b", "variation selector U+180B")]
    [InlineData("photo.jpg  .exe", "several spaces in a row")]
    [InlineData("a\u00a0 b", "several spaces in a row")]
    [InlineData("a\u3000\u2003b", "several spaces in a row")]
    [InlineData("a\u2800\u2800b", "several spaces in a row")]
    [InlineData("a\u00a0", "ends with the space U+00A0")]
    [InlineData("a\u3000/b", "ends with the space U+3000")]
    [InlineData("con", "'con' is a reserved device name")]
    [InlineData("con.txt", "'con' is a reserved device name")]
    [InlineData("CON", "'CON' is a reserved device name")]
    [InlineData("a/nul/b", "'nul' is a reserved device name")]
    [InlineData("nul.tar.gz", "'nul' is a reserved device name")]
    [InlineData("Aux", "'Aux' is a reserved device name")]
    [InlineData("aux .txt", "'aux' is a reserved device name")]
    [InlineData("prn.", "ends with a dot")]
    [InlineData("prn..x", "'prn' is a reserved device name")]
    [InlineData("com1", "'com1' is a reserved device name")]
    [InlineData("COM9.log", "'COM9' is a reserved device name")]
    [InlineData("COM¹", "'COM¹' is a reserved device name")]
    [InlineData("com³.x", "'com³' is a reserved device name")]
    [InlineData("lpt²", "'lpt²' is a reserved device name")]
    [InlineData("LPT0", "'LPT0' is a reserved device name")]
    [InlineData("conin$", "'conin$' is a reserved device name")]
    [InlineData("CONOUT$", "'CONOUT$' is a reserved device name")]
    [InlineData("movie.mkv.p2ppart", "unfinished download")]
    [InlineData("movie.mkv.P2PPart", "unfinished download")]
    [InlineData("movie.mkv.p2ppart/x", "unfinished download")]
    public void A_name_that_some_system_cannot_store_is_refused_with_the_reason(string? name, string reason) => CheckRefused(name, reason);

    [Fact]
    public void What_is_no_text_is_refused_with_the_reason()
    {
        // Built here because a lone surrogate does not survive an attribute.
        CheckRefused("a\ud800b", "half of a surrogate pair");
        CheckRefused("a\udc00", "half of a surrogate pair");
        CheckRefused("\udc00\ud800", "half of a surrogate pair");
        CheckRefused("a\ufffe", "U+FFFE");
        CheckRefused("a\uffff", "U+FFFF");
    }

    [Fact]
    public void Nothing_invisible_passes_between_letters()
    {
        // Format characters, and Default_Ignorable_Code_Point as Unicode lists it.
        var ignorable = new (int First, int Last)[]
        {
            (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
            (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
        };
        var invisible = Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(code => new Rune(code)).Where(
            rune => Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format || ignorable.Any(range => range.First <= rune.Value && rune.Value <= range.Last)).ToList();

        Assert.True(invisible.Count > 4000);
        Assert.All(invisible, rune => Assert.NotNull(FileName.FindProblem($"a{rune}b")));
    }

    [Theory]
    [InlineData("setup.exe\u200b")]
    [InlineData("a  b")]
    [InlineData("\u3164")]
    [InlineData("1\ufe0f.txt")]
    public void A_name_of_an_earlier_rule_can_still_become_a_path(string name) => FileName.CheckPath(name);

    [Theory]
    [InlineData("a\u200b/../b")]
    [InlineData("a\u202egpj.exe")]
    [InlineData("C:a\u200b")]
    public void A_dangerous_name_cannot_become_a_path(string name) =>
        Assert.Equal(ErrorCode.InvalidFileName, Assert.Throws<P2PShareException>(() => FileName.CheckPath(name)).Code);

    [Fact]
    public void A_part_leaves_room_for_the_suffix_of_an_unfinished_download()
    {
        Assert.Equal(255, FileName.MaxSegmentBytes + Encoding.UTF8.GetByteCount(FileName.PartSuffix));
        FileName.Check(new string('a', FileName.MaxSegmentBytes));
        FileName.Check("a/" + new string('é', FileName.MaxSegmentBytes / 2) + "/b");
        CheckRefused(new string('a', FileName.MaxSegmentBytes + 1), "one of its parts is longer than 247 bytes");
        CheckRefused("a/" + new string('é', FileName.MaxSegmentBytes / 2 + 1), "one of its parts is longer than 247 bytes");
    }

    [Fact]
    public void The_whole_name_is_measured_in_bytes()
    {
        var half = string.Join('/', Enumerable.Repeat(new string('a', 127), 4));
        FileName.Check(half + "/" + half + "a");
        CheckRefused(half + "/" + half + "aa", "longer than 1024 bytes");
        CheckRefused(string.Join('/', Enumerable.Repeat(new string('é', 100), 6)), "longer than 1024 bytes");
        CheckRefused(new string('a', 1_000_000), "longer than 1024 bytes");
    }

    [Property(MaxTest = 2000)]
    public Property What_passes_stays_beneath_the_folder() => Prop.ForAll(Arb.From(HostileNames()), name =>
    {
        if (FileName.FindProblem(name) is null)
        {
            var root = Path.Combine(Path.GetTempPath(), "p2pshare-names");
            var path = Path.GetFullPath(Path.Combine([root, .. name.Split('/')]));
            Assert.StartsWith(root + Path.DirectorySeparatorChar, path, StringComparison.Ordinal);
            Assert.Equal(name, Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/'));
        }
        else
        {
            Printable.Check(Assert.Throws<P2PShareException>(() => FileName.Check(name)).Message);
        }
    });

    [Property(MaxTest = 1000)]
    public void Any_text_passes_or_is_refused_with_a_printable_reason(char[] name)
    {
        if (Record.Exception(() => FileName.Check(new string(name))) is { } error)
        {
            Printable.Check(Assert.IsType<P2PShareException>(error).Message);
        }
    }

    [Fact]
    public void Characters_that_one_way_of_comparing_takes_for_the_same_have_one_key()
    {
        var byUpper = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var byLower = new Dictionary<string, string>(StringComparer.Ordinal);
        var cased = 0;
        foreach (var rune in Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(code => new Rune(code)))
        {
            var (text, key) = (rune.ToString(), FileName.Key(rune.ToString()));
            Assert.Equal(key, FileName.Key(key));
            Assert.Equal(FileName.Key(rune).ToString(), key);
            cased += key == text ? 0 : 1;
            // As .NET compares names of files, and as PowerShell compares them with wildcards.
            Check(byUpper, text);
            Check(byLower, text.ToLowerInvariant());

            void Check(Dictionary<string, string> keys, string like) => Assert.True(!keys.TryGetValue(like, out var other) ? keys.TryAdd(like, key) : other == key, $"U+{rune.Value:X4}");
        }

        Assert.InRange(cased, 1000, 5000);
    }

    [Theory]
    [InlineData("readme.TXT", "README.TXT")]
    [InlineData("ordner/größe", "ORDNER/GRÖßE")]
    [InlineData("ΣΑΣ σας", "ΣΑΣ ΣΑΣ")]
    [InlineData("\u212A🎈", "K🎈")]
    public void A_key_has_no_differences_of_case(string name, string key) => Assert.Equal(key, FileName.Key(name));

    private static Gen<string> HostileNames() =>
        Gen.Elements(
                "..", ".", "...", "/", "/", "/", "\\", "C:", "a", "b.txt", "con", "~", " ", "\0", "\u001b", "%2e", "\u202e", "é",
                "e\u0301", "😀", "\ud800", "\u200b", "\u200d", "\ufe0f", "\uff0f", "\u2215", "\uff0e\uff0e", "\u2024\u2024", "$HOME", ".p2ppart", "x")
            .ListOf()
            .Select(string.Concat);

    private static void CheckRefused(string? name, string reason)
    {
        var error = Assert.Throws<P2PShareException>(() => FileName.Check(name));
        Assert.Equal(ErrorCode.InvalidFileName, error.Code);
        Assert.Contains("is not a valid file name: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Printable.Check(error.Message);
        Assert.InRange(error.Message.Length, 1, 400);
    }
}
