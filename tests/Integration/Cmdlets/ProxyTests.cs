namespace P2PShare.Integration.Cmdlets;

/// <summary>Trackers that are reached through a proxy.</summary>
public sealed class ProxyTests : IAsyncLifetime, IDisposable
{
    private readonly TestShell _shell = new();
    private TestTracker? _tracker;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _shell.UseTracker(_tracker.Address);
        _shell.Succeed("$null = New-P2PUser $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state");
    }

    public async Task DisposeAsync() => await _tracker!.DisposeAsync();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_given_proxy_is_used_reported_and_its_address_not_listed_as_the_peers()
    {
        await using var proxy = ConnectProxy.To(_tracker!.Address.Port);

        // A name that only the proxy knows.
        _shell.Succeed(
            "$session = Connect-P2PTracker tracker.invalid:8001 -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state -Proxy $proxy",
            ("proxy", proxy.Address));

        Assert.Contains("tracker.invalid:8001", proxy.Asked);
        var warning = Assert.Single(_shell.Warnings).Message;
        Assert.All([proxy.Address, "tracker.invalid:8001", "sees the proxy's address"], text => Assert.Contains(text, warning, StringComparison.Ordinal));
        _shell.Succeed("New-P2PGroup dev; $null = Send-P2PFile $source dev", ("source", _shell.MakeFile("x.bin", 100)));
        var listed = _shell.Succeed("(Get-P2PPeer dev).EndPoints").Select(text => text.ToString()!);
        Assert.DoesNotContain(listed, endPoint => endPoint.StartsWith("127.", StringComparison.Ordinal));
    }

    [Fact]
    public void An_unreachable_proxy_is_named_as_such()
    {
        var address = $"http://127.0.0.1:{LoopbackPort.FindFree()}";

        Assert.Equal("TrackerUnreachable", Connect(address));

        Assert.Contains($"The proxy {address} of the tracker {_tracker!.Address.Authority} cannot be reached", _shell.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Equal("TrackerUnreachable", Connect("http://no-such-proxy.invalid:3128"));
        Assert.Contains("The proxy http://no-such-proxy.invalid:3128", _shell.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named_as_such()
    {
        await using var proxy = ConnectProxy.Refusing("407 Proxy Authentication Required");

        Assert.Equal("TrackerUnreachable", Connect(proxy.Address));

        Assert.Contains($"The proxy {proxy.Address} does not connect to the tracker", _shell.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("407", _shell.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_is_no_proxy_is_an_error()
    {
        Assert.Equal("InvalidConfiguration", Connect("proxy.example:3128"));
        Assert.NotNull(_shell.Succeed("Connect-P2PTracker $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state -Proxy none").Single());
        Assert.Empty(_shell.Warnings);
    }

    private string Connect(string proxy) => _shell.Fail(
        "Connect-P2PTracker $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state -Proxy $proxy", ("proxy", proxy));
}
