using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class ProgramTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await TestDatabase.DropAsync(_folder.Combine("data"));
        _folder.Dispose();
    }

    [TrackerFact]
    public async Task It_prints_where_it_listens_and_its_fingerprint_and_nothing_else()
    {
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path);

        Assert.Equal([$"listening: https://{tracker.Address.Authority}", $"fingerprint: {tracker.Address.Fingerprint}"], tracker.Output);
        using var anybody = TestUser.CreateClient(tracker.Address);
        Assert.Equal("ok", await anybody.GetStringAsync("/readyz"));
    }

    [TrackerTheory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task A_signal_ends_it_well(PosixSignal signal)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // No signals from one process to another there.
        }

        await using var tracker = await TrackerProcess.StartAsync(_folder.Path);
        // An idle connection does not hold it up.
        using var anybody = TestUser.CreateClient(tracker.Address);
        await anybody.GetStringAsync("/healthz");

        Assert.Equal((0, ""), await tracker.SignalAsync(signal));
    }

    [TrackerFact]
    public async Task Killed_in_the_middle_it_has_everything_that_it_acknowledged()
    {
        var tracker = await TrackerProcess.StartAsync(_folder.Path);
        await using var first = tracker;
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.CreateGroupAsync("dev");
        var acknowledged = new System.Collections.Concurrent.ConcurrentBag<string>();
        var enough = new TaskCompletionSource();
        var writers = Enumerable.Range(0, 8).Select(async writer =>
        {
            try
            {
                for (var i = 0; ; i++)
                {
                    var name = $"{writer}/{i}";
                    using var answer = await alice.ShareAsync("dev", name, TestUser.RandomHash());
                    Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
                    acknowledged.Add(name);
                    if (acknowledged.Count >= 200)
                    {
                        enough.TrySetResult();
                    }
                }
            }
            catch (HttpRequestException)
            {
                // Killed.
            }
        }).ToArray();
        await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await tracker.KillAsync();
        await Task.WhenAll(writers);

        await using var again = await TrackerProcess.StartAsync(_folder.Path);

        Assert.Equal(tracker.Address.Fingerprint, again.Address.Fingerprint);
        using var same = TestUser.Stranger(again.Address);
        same.UseToken(alice.Session.Token);
        var names = (await same.ListFilesAsync("dev")).Select(file => file.Name).ToHashSet();
        Assert.Subset(names, acknowledged.ToHashSet());
    }

    [Theory]
    [InlineData]
    [InlineData("tracker_info.txt")]
    [InlineData("--Tracker:DataPath=x", "1")]
    public async Task Called_wrongly_it_prints_its_usage(params string[] args)
    {
        var (code, output, error) = await TrackerProcess.RunAsync(_folder.Path, args);

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("Usage: P2PShare.TrackerHost <tracker_info.txt> <tracker_no>", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asked_for_help_it_helps()
    {
        var (code, output, error) = await TrackerProcess.RunAsync(_folder.Path, "--help");

        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("Usage:", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 2)]
    [InlineData("3", 2)]
    [InlineData("one", 2)]
    public async Task A_number_without_a_line_is_refused(string number, int expected)
    {
        var info = await WriteInfoAsync("127.0.0.1:8001\n127.0.0.1:8002\n");

        await ExpectAsync(expected, "1 to 2 was expected", info, number);
    }

    [Fact]
    public async Task A_tracker_file_that_is_missing_or_wrong_is_named()
    {
        await ExpectAsync(1, "missing.txt", _folder.Combine("missing.txt"), "1");
        await ExpectAsync(1, "Line 2", await WriteInfoAsync("# comment\nhost:port\n"), "1");
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var info = await WriteInfoAsync($"{listener.LocalEndpoint}\n");

        await ExpectAsync(1, "is in use", info, "1", DataPath("data"));
    }

    [Fact]
    public async Task An_address_of_another_machine_is_named() => await ExpectAsync(
        1, "192.0.2.1 is not an address of this machine", await WriteInfoAsync("192.0.2.1:8001\n"), "1", DataPath("data"));

    [Fact]
    public async Task A_data_folder_that_cannot_be_used_is_named()
    {
        var file = _folder.Combine("file");
        await File.WriteAllTextAsync(file, "");

        await ExpectAsync(1, "Tracker:DataPath", await WriteInfoAsync("127.0.0.1:8001\n"), "1", DataPath("file"));
        await ExpectAsync(1, "Tracker:DataPath", await WriteInfoAsync("127.0.0.1:8001\n"), "1", DataPath("file/inside"));
    }

    [Theory]
    [InlineData("--Tracker:TicketLifetime=00:00:01", "TicketLifetime is 00:00:01: 00:01:00 to 1.00:00:00 was expected")]
    [InlineData("--Tracker:TicketLifetime=soon", "soon")]
    [InlineData("--Tracker:TicketLifetim=00:10:00", "TicketLifetim")]
    [InlineData("--Tracker:PasswordIterations=1", "PasswordIterations")]
    [InlineData("--Tracker:Database=oracle", "Tracker:Database is 'oracle': sqlite or postgres was expected")]
    [InlineData("--Tracker:Database=postgres", "ConnectionStrings:Tracker names no host")]
    public async Task A_wrong_setting_is_named(string setting, string expected) =>
        await ExpectAsync(1, expected, await WriteInfoAsync("127.0.0.1:8001\n"), "1", DataPath("data"), setting);

    [Fact]
    public async Task A_broken_appsettings_file_is_named()
    {
        await File.WriteAllTextAsync(_folder.Combine("appsettings.json"), "{ nonsense");

        await ExpectAsync(1, "appsettings.json", await WriteInfoAsync("127.0.0.1:8001\n"), "1");
    }

    [Fact]
    public async Task Settings_come_from_appsettings_too()
    {
        await File.WriteAllTextAsync(_folder.Combine("appsettings.json"), """{"Tracker":{"AnnounceInterval":"00:00:07"}}""");
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path);
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");

        Assert.Equal(7, (await alice.AnnounceAsync()).IntervalSeconds);
    }

    // One sentence for a person, on standard error, and no stack trace.
    private async Task ExpectAsync(int expected, string part, params string[] args)
    {
        var (code, output, error) = await TrackerProcess.RunAsync(_folder.Path, args);
        Assert.Equal((expected, ""), (code, output));
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private string DataPath(string name) => $"--Tracker:DataPath={_folder.Combine(name)}";

    private async Task<string> WriteInfoAsync(string text)
    {
        var path = _folder.Combine("tracker_info.txt");
        await File.WriteAllTextAsync(path, text);
        return path;
    }
}
