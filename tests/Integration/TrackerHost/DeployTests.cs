using System.Text.Json;
using System.Text.RegularExpressions;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>What deploy/ has: as far as it can be tried without systemd as the machine's first process, and without Docker.</summary>
public sealed partial class DeployTests
{
    private static readonly string Deploy = Repository.Combine("deploy");

    [SystemdFact]
    public async Task Systemd_understands_the_unit()
    {
        using var folder = new TemporaryFolder();
        // What its files name need not be installed here.
        var unit = Regex.Replace(await UnitAsync(), "^(ExecStart(?:Pre)?)=.*$", "$1=/bin/true", RegexOptions.Multiline);
        var path = folder.Combine("p2pshare-tracker.service");
        await File.WriteAllTextAsync(path, unit);

        var verify = await ProcessOutput.RunAsync(SystemdFactAttribute.Program!, ["verify", "--man=no", path]);

        // Of other units of this machine it may complain as it likes.
        Assert.DoesNotContain((verify.Output + verify.Error).Split('\n'), line => line.Contains("p2pshare-tracker", StringComparison.Ordinal));
        Assert.Equal(0, verify.ExitCode);
    }

    [SystemdFact]
    public async Task Systemd_rates_the_exposure_of_the_unit_as_low()
    {
        // 1.6 of 10 with version 252, which the page names; others weigh differently.
        var output = await ProcessOutput.RunAsync(
            SystemdFactAttribute.Program!, ["security", "--offline=true", "--no-pager", "--threshold=20", Path.Combine(Deploy, "p2pshare-tracker.service")]);

        Assert.True(output.ExitCode == 0, output.ToString());
        Assert.Contains("Overall exposure level", output.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_unit_stops_no_sooner_than_the_tracker_and_starts_it_as_it_is_called()
    {
        var unit = await UnitAsync();
        var options = new LifetimeOptions();

        Assert.True(int.Parse(Regex.Match(unit, @"^TimeoutStopSec=(\d+)$", RegexOptions.Multiline).Groups[1].ValueSpan) > (options.DrainTime + options.ShutdownTimeout).TotalSeconds);
        Assert.Matches("(?m)^TimeoutStartSec=infinity$", unit);
        var start = Regex.Match(unit, "^ExecStart=(.*)$", RegexOptions.Multiline).Groups[1].Value;
        Assert.Equal(start + " --validate", Regex.Match(unit, "^ExecStartPre=(.*)$", RegexOptions.Multiline).Groups[1].Value);
        Assert.All(Variable().Matches(unit), match => Assert.Contains(match.Groups[1].Value, TrackerSettings.Names));
    }

    [Fact]
    public async Task What_the_Dockerfile_copies_builds_the_tracker_and_what_it_sets_are_settings()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Deploy, "Dockerfile"));
        var copied = Regex.Matches(text, "^COPY (?!--from)(.*) [^ ]+$", RegexOptions.Multiline).SelectMany(match => match.Groups[1].Value.Split(' ')).ToList();

        Assert.All(copied, path => Assert.True(Path.Exists(Repository.Combine(path)), path));
        // A project that refers to one that is not copied could not be built.
        var projects = copied.Where(path => path.StartsWith("src/", StringComparison.Ordinal) && Directory.Exists(Repository.Combine(path))).ToList();
        Assert.NotEmpty(projects);
        Assert.All(projects, project =>
        {
            var file = Directory.GetFiles(Repository.Combine(project), "*.csproj").Single();
            Assert.All(
                Regex.Matches(File.ReadAllText(file), "ProjectReference Include=\"\\.\\./([^/]+)/"),
                match => Assert.Contains($"src/{match.Groups[1].Value}", projects));
        });
        Assert.All(Variable().Matches(text), match => Assert.Contains(match.Groups[1].Value, TrackerSettings.Names));
        Assert.DoesNotMatch(@"(?m)^USER (root|0)\b", text);
        Assert.Matches(@"(?m)^USER \d+", text);
    }

    [Fact]
    public async Task The_health_check_of_the_Dockerfile_tells_alive_from_dead()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var text = await File.ReadAllTextAsync(Path.Combine(Deploy, "Dockerfile"));
        var command = JsonSerializer.Deserialize<string[]>(Regex.Match(text, @"^ +CMD (\[.*\])$", RegexOptions.Multiline).Groups[1].Value)!;
        int port;
        await using (var tracker = await TestTracker.StartAsync(options => options.MetricsAddress = "127.0.0.1:0"))
        {
            port = tracker.MetricsPort;
            Assert.Equal(0, (await CheckAsync()).ExitCode);
        }

        Assert.NotEqual(0, (await CheckAsync()).ExitCode);

        Task<ProcessOutput> CheckAsync() =>
            ProcessOutput.RunAsync(command[0], [.. command[1..].Select(part => part.Replace("/9464", $"/{port}", StringComparison.Ordinal))]);
    }

    [Theory]
    [InlineData("prometheus-alerts.yml")]
    [InlineData("grafana-dashboard.json")]
    public async Task Alerts_and_dashboard_are_about_metrics_that_there_are(string file)
    {
        var data = "";
        await using var tracker = await TestTracker.StartAsync(
            options => (options.MetricsAddress, data) = ("127.0.0.1:0", options.DataPath), new DatabaseTime(TimeProvider.System));
        // As after a backup.
        await File.WriteAllTextAsync(Path.Combine(data, "last-backup"), "");
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.AnnounceAsync();
        using var http = new HttpClient();
        var peers = (OnlinePeers)tracker.Services.GetService(typeof(OnlinePeers))!;
        await Eventually.HoldsAsync(() => peers.Count is not null, "the peers online are counted");
        var metrics = await http.GetStringAsync($"http://127.0.0.1:{tracker.MetricsPort}/metrics");

        var text = await File.ReadAllTextAsync(Path.Combine(Deploy, file));

        var names = Regex.Matches(text, @"\b(?:p2pshare_tracker|http_server|kestrel|dotnet)_\w+").Select(match => match.Value).Distinct().ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Matches($@"(?m)^{name}[{{ ]", metrics));
        Assert.All(Regex.Matches(text, @"\{(\w+)[!=]").Select(match => match.Groups[1].Value).Where(label => label != "job"), label => Assert.Contains($"{label}=\"", metrics, StringComparison.Ordinal));
        var page = await File.ReadAllTextAsync(Path.Combine(Deploy, "..", "docs", "operating.md"));
        Assert.All(Regex.Matches(text, "job=\"([^\"]+)\"").Select(match => match.Groups[1].Value), job => Assert.Contains($"job_name: {job}\n", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_alert_is_tested_and_has_an_entry_in_the_runbook()
    {
        var rules = await File.ReadAllTextAsync(Path.Combine(Deploy, "prometheus-alerts.yml"));
        var tests = await File.ReadAllTextAsync(Path.Combine(Deploy, "prometheus-alerts.tests.yml"));
        var page = await File.ReadAllTextAsync(Path.Combine(Deploy, "..", "docs", "operating.md"));
        var (conditions, runbook) = (page[..page.IndexOf("## When something is wrong", StringComparison.Ordinal)], page[page.IndexOf("## When something is wrong", StringComparison.Ordinal)..]);

        var names = Regex.Matches(rules, @"alert: (\w+)").Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name =>
        {
            Assert.Equal(2, Regex.Count(tests, $@"alertname: {name}\b"));
            Assert.Contains($"| {name} | ", conditions, StringComparison.Ordinal);
            Assert.Matches($@"(?m)^\| (\w+, )*{name}(, \w+)* \| ", runbook);
        });
    }

    [PromtoolFact]
    public async Task The_alerts_fire_when_they_should_and_only_then()
    {
        var output = await ProcessOutput.RunAsync(PromtoolFactAttribute.Program!, ["test", "rules", Path.Combine(Deploy, "prometheus-alerts.tests.yml")]);

        Assert.True(output.ExitCode == 0, output.ToString());
    }

    private static Task<string> UnitAsync() => File.ReadAllTextAsync(Path.Combine(Deploy, "p2pshare-tracker.service"));

    [GeneratedRegex(@"\bTracker__(\w+)=")]
    private static partial Regex Variable();
}
