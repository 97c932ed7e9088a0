using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Unit.TrackerHost;

public sealed class TrackerSettingsTests
{
    [Fact]
    public void The_defaults_are_valid()
    {
        using var options = TrackerSettings.Check(Configure());

        Assert.Equal(TimeSpan.FromMinutes(10), options.GetRequiredService<TicketOptions>().TicketLifetime);
    }

    [Fact]
    public void Each_feature_gets_its_settings_from_the_one_section()
    {
        using var options = TrackerSettings.Check(Configure(
            ("Tracker:announceinterval", "00:00:07"), ("Tracker:Registration", "closed"), ("Tracker:FilesPerUser", "5"), ("ConnectionStrings:Tracker", "Host=x")));

        Assert.Equal(TimeSpan.FromSeconds(7), options.GetRequiredService<PeerOptions>().AnnounceInterval);
        Assert.Equal(RegistrationMode.Closed, options.GetRequiredService<AccountOptions>().Registration);
        Assert.Equal(5, options.GetRequiredService<SharingOptions>().FilesPerUser);
        Assert.Equal("Host=x", options.GetRequiredService<StorageOptions>().ConnectionString);
    }

    [Theory]
    [InlineData("Nonsense", "1", "Tracker:Nonsense is not a setting. The settings are AnnounceInterval, ")]
    [InlineData("PasswordIterations", "1", "Tracker:PasswordIterations is not a setting.")]
    [InlineData("TicketLifetime", "soon", "Tracker:TicketLifetime is 'soon': a time, written as [days.]hours:minutes:seconds, was expected.")]
    [InlineData("TicketLifetime", "00:00:01", "Tracker:TicketLifetime is 00:00:01: 00:01:00 to 1.00:00:00 was expected, written as [days.]hours:minutes:seconds.")]
    [InlineData("Connections", "0", "Tracker:Connections is 0: 1 to 1000000 was expected.")]
    [InlineData("Connections", "many", "Tracker:Connections is 'many': a whole number was expected.")]
    [InlineData("StopAtEndOfInput", "perhaps", "Tracker:StopAtEndOfInput is 'perhaps': true or false was expected.")]
    [InlineData("Database", "1", "Tracker:Database is '1': sqlite or postgres was expected.")]
    [InlineData("DataPath", " ", "Tracker:DataPath is empty: the path of a folder was expected.")]
    [InlineData("DataPath:Folder", "x", "Tracker:DataPath has settings below it: one value was expected.")]
    [InlineData("MetricsAddress", "9464", "Tracker:MetricsAddress is '9464': an IP address and a port were expected, such as 127.0.0.1:9464.")]
    [InlineData("TrustedProxies", "10.0.0.0/8, x", "Tracker:TrustedProxies has 'x': IP addresses and networks, such as 192.0.2.7 or 10.1.0.0/16, separated by commas, were expected.")]
    [InlineData("CertificateKeyPath", "x", "Tracker:CertificateKeyPath is set, but Tracker:CertificatePath is not: the path of a certificate was expected there.")]
    public void A_wrong_setting_is_refused_with_a_sentence_that_names_it(string name, string value, string expected)
    {
        var refused = Assert.Throws<P2PShareException>(() => TrackerSettings.Check(Configure(($"Tracker:{name}", value))));

        Assert.Equal(ErrorCode.InvalidConfiguration, refused.Code);
        Assert.StartsWith(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_found_also_several_of_one_feature()
    {
        using var options = TrackerSettings.Bind(
            Configure(("Tracker:TicketLifetime", "soon"), ("Tracker:TicketKeyLifetime", "00:00:01"), ("Tracker:Connections", "0"), ("Tracker:BodyBytesPerSecond", "0")),
            out var problems);

        Assert.Equal(4, problems.Count);
    }

    [Fact]
    public void A_password_on_the_command_line_is_refused_without_being_shown()
    {
        var configuration = new ConfigurationBuilder().AddCommandLine(["--Tracker:CertificatePassword=secret horse"]).Build();

        var refused = Assert.Throws<P2PShareException>(() => TrackerSettings.Check(configuration));

        Assert.Contains("Tracker__CertificatePassword", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret horse", refused.Message, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Configure(params (string Key, string? Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value))).Build();
}
