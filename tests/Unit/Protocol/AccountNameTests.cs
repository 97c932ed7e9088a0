using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Unit.Protocol;

public class AccountNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("9")]
    [InlineData("john")]
    [InlineData("John.Doe_2-x")]
    [InlineData("a..")]
    public void Letters_digits_dot_underscore_and_hyphen_are_allowed(string name)
    {
        AccountName.CheckUser(name);
        AccountName.CheckGroup(name);
        AccountName.CheckUser(name.PadRight(AccountName.MaxLength, 'x'));
    }

    [Theory]
    [InlineData(null, "it is empty")]
    [InlineData("", "it is empty")]
    [InlineData(".a", "must begin with a letter or a digit")]
    [InlineData("-a", "must begin with a letter or a digit")]
    [InlineData("_", "must begin with a letter or a digit")]
    [InlineData("..", "must begin with a letter or a digit")]
    [InlineData("a b", "contains ' '")]
    [InlineData("a/b", "contains '/'")]
    [InlineData("a\\b", "contains '\\'")]
    [InlineData("a*", "contains '*'")]
    [InlineData("a@b", "contains '@'")]
    [InlineData("é", "contains 'é'")]
    [InlineData("а", "contains 'а'")] // Cyrillic
    [InlineData("a\n", "contains the character U+000A")]
    [InlineData("a\u001b[31m", "contains the character U+001B")]
    [InlineData("a\u202eb", "contains the character U+202E")]
    [InlineData("a\u200bb", "contains the character U+200B")]
    [InlineData("a\u2028b", "contains the character U+2028")]
    [InlineData("😀", "contains the character U+D83D")]
    public void Everything_else_is_refused_with_the_reason(string? name, string reason)
    {
        var user = Assert.Throws<P2PShareException>(() => AccountName.CheckUser(name));
        Assert.Equal(ErrorCode.InvalidUserName, user.Code);
        Assert.Contains("is not a valid user name: ", user.Message, StringComparison.Ordinal);
        Assert.Contains(reason, user.Message, StringComparison.Ordinal);
        var group = Assert.Throws<P2PShareException>(() => AccountName.CheckGroup(name));
        Assert.Equal(ErrorCode.InvalidGroupName, group.Code);
        Assert.Contains("is not a valid group name: ", group.Message, StringComparison.Ordinal);
        Assert.All([user.Message, group.Message], Printable.Check);
    }

    [Fact]
    public void A_name_that_is_too_long_is_refused_with_both_lengths()
    {
        var error = Assert.Throws<P2PShareException>(() => AccountName.CheckUser(new string('a', 65)));
        Assert.Contains("it has 65 characters, 64 are allowed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_differ_in_case_only_are_the_same() => Assert.Equal(AccountName.Key("john"), AccountName.Key("JOHN"));

    [Property(MaxTest = 500)]
    public void No_name_whatever_makes_an_unprintable_message(char[] name)
    {
        if (Record.Exception(() => AccountName.CheckUser(new string(name))) is { } error)
        {
            Printable.Check(Assert.IsType<P2PShareException>(error).Message);
        }
    }
}
