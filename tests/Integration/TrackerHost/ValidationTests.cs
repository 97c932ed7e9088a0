using System.Net;
using System.Net.Sockets;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.Integration.TrackerHost;

public sealed class ValidationTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestDatabase.DropAsync(_folder.Combine("data"));

    public void Dispose() => _folder.Dispose();

    [TrackerFact]
    public async Task A_configuration_that_would_start_is_valid_and_nothing_is_created()
    {
        var before = Directory.GetFileSystemEntries(_folder.Path);

        var (code, output, error) = await ValidateAsync($"127.0.0.1:{LoopbackPort.FindFree()}");

        Assert.Equal((0, "The configuration is valid.\n", ""), (code, output, error));
        Assert.Equal([.. before, _folder.Combine("tracker_info.txt")], Directory.GetFileSystemEntries(_folder.Path));
    }

    [TrackerFact]
    public async Task All_faults_are_reported_not_only_the_first()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Directory.CreateDirectory(_folder.Combine("data"));
        await File.WriteAllTextAsync(_folder.Combine("data", TrackerCertificate.FileName), "nonsense");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.Combine("data", TrackerCertificate.FileName), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        }

        var (code, output, error) = await ValidateAsync(
            listener.LocalEndpoint.ToString()!,
            "--Tracker:Nonsense=1",
            "--Tracker:TicketLifetime=soon",
            "--Tracker:AnnounceInterval=2.00:00:00",
            "--Tracker:LogFormat=xml",
            "--Tracker:TrustedProxies=10.0.0.0/8, proxy.example",
            "--Tracker:MetricsAddress=9464",
            "--Tracker:CertificatePassword=secret horse",
            "--Tracker:CertificateKeyPath=/nowhere",
            "--Tracker:MetricsHosts=fine, not fine",
            "--Trakcer:DataPath=elsewhere",
            "--Logging:LogLevel:Default=Loud",
            "--OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317",
            "--OTEL_EXPORTER_OTLP_PROTOCOL=http",
            "--OTEL_TRACES_EXPORTER=zipkin",
            "--OTEL_METRIC_EXPORT_INTERVAL=soon");

        Assert.Equal((1, ""), (code, output));
        var lines = error.TrimEnd().Split('\n');
        foreach (var part in new[]
        {
            "Tracker:Nonsense is not a setting", "Tracker:TicketLifetime is 'soon'", "Tracker:AnnounceInterval is 2.00:00:00", "Tracker:LogFormat is 'xml'",
            "Tracker:TrustedProxies has 'proxy.example'", "Tracker:MetricsAddress is '9464'", "Tracker:CertificatePassword is on the command line",
            "Tracker:CertificateKeyPath is set, but", "tracker-certificate.pem' cannot be read", "another program listens there",
            "Tracker:MetricsHosts has 'not fine'", "'Trakcer' on the command line is not a setting", "Logging:LogLevel:Default is 'Loud'",
            "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4317'", "OTEL_EXPORTER_OTLP_PROTOCOL is 'http'", "OTEL_TRACES_EXPORTER is 'zipkin'",
            "OTEL_METRIC_EXPORT_INTERVAL is 'soon'",
        })
        {
            Assert.Single(lines, line => line.Contains(part, StringComparison.Ordinal));
        }

        Assert.Equal(OperatingSystem.IsWindows() ? 17 : 18, lines.Length);
        Assert.All(lines, line => Assert.EndsWith(".", line, StringComparison.Ordinal));
        Assert.DoesNotContain("secret horse", error, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_data_folder_that_others_can_write_is_refused()
    {
        Directory.CreateDirectory(_folder.Combine("data"));
        UnixFile.SetMode(_folder.Combine("data"), "0775");

        var (code, _, error) = await ValidateAsync($"127.0.0.1:{LoopbackPort.FindFree()}");

        Assert.Equal(1, code);
        Assert.Contains("where other users of this machine can write", error, StringComparison.Ordinal);
    }

    [TrackerFact]
    public async Task A_running_tracker_does_not_make_its_own_configuration_wrong()
    {
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path);

        var (code, _, error) = await ValidateAsync(tracker.Address.Authority);

        Assert.Equal((0, ""), (code, error));
    }

    [TrackerFact]
    public async Task A_database_of_a_newer_program_is_named()
    {
        await using (var tracker = await TestTracker.StartAsync(options => options.DataPath = _folder.Combine("data")))
        {
            await tracker.ExecuteAsync("INSERT INTO schema_version (version) VALUES (1000)");
        }

        var before = Snapshot();
        var (code, _, error) = await ValidateAsync($"127.0.0.1:{LoopbackPort.FindFree()}");

        Assert.Equal(1, code);
        Assert.Contains("schema version 1000, which is newer", error, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
    }

    [Fact]
    public async Task An_unavailable_database_server_is_named_without_the_password()
    {
        var (code, _, error) = await ValidateAsync(
            $"127.0.0.1:{LoopbackPort.FindFree()}",
            "--Tracker:Database=postgres",
            $"--ConnectionStrings:Tracker=Host=127.0.0.1;Port={LoopbackPort.FindFree()};Database=tracker;Username=u;Password=secret-horse");

        Assert.Equal(1, code);
        Assert.Contains("'tracker' on '127.0.0.1'", error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-horse", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_named()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(DateTimeOffset.UtcNow.AddDays(-1));
        await File.WriteAllTextAsync(_folder.Combine("tracker.pem"), authority.Chain(certificate) + TestAuthority.Key(certificate));

        var (code, _, error) = await ValidateAsync($"127.0.0.1:{LoopbackPort.FindFree()}", $"--Tracker:CertificatePath={_folder.Combine("tracker.pem")}");

        Assert.Equal(1, code);
        Assert.Contains("which is not now", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_printed()
    {
        using var output = new StringWriter();

        Assert.Equal(0, await TrackerProgram.RunAsync(["--version"], output, TextWriter.Null));

        Assert.Matches(@"^P2PShare\.TrackerHost \d+\.\d+\.\d+\s*$", output.ToString());
    }

    private string[] Snapshot() => [.. Directory.GetFiles(_folder.Combine("data")).Order(StringComparer.Ordinal).Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}")];

    private async Task<(int Code, string Output, string Error)> ValidateAsync(string address, params string[] settings)
    {
        var info = _folder.Combine("tracker_info.txt");
        await File.WriteAllTextAsync(info, address + "\n");
        List<string> args = [info, "1", "--validate", $"--Tracker:DataPath={_folder.Combine("data")}"];
        if (!settings.Any(setting => setting.StartsWith("--Tracker:Database=", StringComparison.Ordinal)))
        {
            args.Add($"--Tracker:Database={TestDatabase.Kind}");
            if (await TestDatabase.ConnectionStringAsync(_folder.Combine("data")) is { } connectionString)
            {
                args.Add($"--ConnectionStrings:Tracker={connectionString}");
            }
        }

        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = await TrackerProgram.RunAsync([.. args, .. settings], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
