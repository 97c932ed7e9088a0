using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class TrackerProxyTests
{
    private static readonly WebProxy System = new("http://user:secret@proxy.example:3128");

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.1.1", false)]
    [InlineData("::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    public async Task The_systems_proxy_is_used_but_not_for_a_tracker_on_a_private_or_loopback_address(string host, bool isUsed)
    {
        var proxy = new TrackerProxy(new TrackerAddress(host, 8001), ProxySetting.Automatic, System);
        await proxy.ChooseAsync(CancellationToken.None);
        Assert.Equal(isUsed ? "http://proxy.example:3128" : null, proxy.Used);
        Assert.Equal(!isUsed, ((IWebProxy)proxy).IsBypassed(new Uri("https://x")));
    }

    [Fact]
    public async Task A_given_proxy_is_used_for_every_tracker_and_none_for_none()
    {
        var given = new TrackerProxy(new TrackerAddress("127.0.0.1", 8001), ProxySetting.Parse("http://given.example:1"), System);
        await given.ChooseAsync(CancellationToken.None);
        Assert.Equal("http://given.example:1", given.Used);

        var none = new TrackerProxy(new TrackerAddress("192.0.2.1", 8001), ProxySetting.Parse("None"), System);
        await none.ChooseAsync(CancellationToken.None);
        Assert.Null(none.Used);
    }

    [Theory]
    [InlineData("proxy.example:3128")]
    [InlineData("ftp://proxy.example")]
    [InlineData("direct")]
    [InlineData("http://user:secret@proxy.example")]
    public void Another_text_is_refused_and_no_password_is_shown(string text)
    {
        var error = Assert.Throws<P2PShareException>(() => ProxySetting.Parse(text));
        Assert.Equal(ErrorCode.InvalidConfiguration, error.Code);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
