using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public class TrackerAddressTests
{
    [Theory]
    [InlineData("tracker.example:9000", "tracker.example", 9000, "tracker.example:9000")]
    [InlineData("tracker.example", "tracker.example", 8001, "tracker.example:8001")]
    [InlineData("  localhost:1 ", "localhost", 1, "localhost:1")]
    [InlineData("127.0.0.1:65535", "127.0.0.1", 65535, "127.0.0.1:65535")]
    [InlineData("127.0.0.1", "127.0.0.1", 8001, "127.0.0.1:8001")]
    [InlineData("[::1]:9000", "::1", 9000, "[::1]:9000")]
    [InlineData("[::1]", "::1", 8001, "[::1]:8001")]
    [InlineData("::1", "::1", 8001, "[::1]:8001")]
    [InlineData("[2001:DB8:0:0::5]:80", "2001:db8::5", 80, "[2001:db8::5]:80")]
    [InlineData("2001:DB8:0:0::5", "2001:db8::5", 8001, "[2001:db8::5]:8001")]
    public void Reads_host_and_port(string text, string host, int port, string authority)
    {
        var address = TrackerAddress.Parse(text);
        Assert.Equal(new TrackerAddress(host, port), address);
        Assert.Equal(authority, address.Authority);
        Assert.Equal(address, TrackerAddress.Parse(address.Authority));
    }

    [Fact]
    public void Keeps_the_fingerprint() =>
        Assert.Equal(Hash256.Compute([1]), TrackerAddress.Parse("localhost", Hash256.Compute([1])).Fingerprint);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(":8001")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("host:+1")]
    [InlineData("host: 80")]
    [InlineData("host:80x")]
    [InlineData("host:99999999999")]
    [InlineData("host name:80")]
    [InlineData("a:b:80")]
    [InlineData("http://host:80")]
    [InlineData("host/path:80")]
    [InlineData("user@host:80")]
    [InlineData("[::1:80")]
    [InlineData("[::1]80")]
    [InlineData("[::1]:")]
    [InlineData("[]:80")]
    [InlineData("[host]:80")]
    [InlineData("[127.0.0.1]:80")]
    [InlineData("::1]:80")]
    [InlineData("host\u001b[31m:80")]
    public void Anything_else_is_refused_with_an_example(string? text)
    {
        var error = Assert.Throws<P2PShareException>(() => TrackerAddress.Parse(text));
        Assert.Equal(ErrorCode.InvalidTrackerAddress, error.Code);
        Assert.Contains("host:port was expected, such as tracker.example:8001", error.Message, StringComparison.Ordinal);
        Printable.Check(error.Message);
    }

    [Property(MaxTest = 500)]
    public void Any_text_is_an_address_or_refused(char[] text)
    {
        if (Record.Exception(() => TrackerAddress.Parse(new string(text))) is { } error)
        {
            Printable.Check(Assert.IsType<P2PShareException>(error).Message);
        }
    }
}
