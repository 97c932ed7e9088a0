using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Certificates;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.Integration.TrackerHost;

/// <summary>
/// The blocks of docs/operating.md that are marked <c>machine</c> work as they stand, one after the other, on a machine that has systemd, and neither
/// .NET nor the tracker. Its name is tracker.example; in the home of root are the runtime's archive and what the page copies there.
/// </summary>
public sealed class FirstStepsTests : IAsyncLifetime
{
    private const string FirstSteps = "From nothing to a running tracker";
    private const string NewProgram = "The new program";
    private const string Migration = "With a new schema version";
    private const string Start = "Start the service";
    private const string WayBack = "The way back";
    private const string Data = "/var/lib/private/p2pshare-tracker";

    // Of the fixture's users.
    private const string OldUser = "Alice";

    private static readonly string[] Sections = [FirstSteps, NewProgram, Migration, Start, WayBack];

    private static readonly CodeBlock[] Blocks =
        [.. CodeBlock.Read(Repository.Root, "docs/operating.md").Where(block => block.Marks.Contains("machine"))];

    private readonly TemporaryFolder _files = new();
    private BareMachine _machine = null!;

    public async Task InitializeAsync()
    {
        if (BareMachine.Missing is null)
        {
            await CopyToHomeAsync();
            _machine = await BareMachine.StartAsync(_files.Path);
        }
    }

    public async Task DisposeAsync()
    {
        if (_machine is not null)
        {
            await _machine.DisposeAsync();
        }

        _files.Dispose();
    }

    [Fact]
    public void Every_block_for_a_machine_is_in_a_section_that_is_run()
    {
        Assert.NotEmpty(Blocks);
        Assert.Empty(Blocks.Select(block => block.Section).Except(Sections));
        Assert.Empty(Sections.Except(Blocks.Select(block => block.Section)));
    }

    [BareMachineFact]
    public async Task The_first_steps_lead_from_nothing_to_a_running_tracker()
    {
        Assert.NotEqual(0, (await _machine.RunAsync("dotnet --version")).ExitCode);

        var output = await FollowAsync(FirstSteps);

        Assert.Contains("Microsoft.AspNetCore.App 10.0.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("SDK", await ExpectAsync("dotnet --list-sdks"), StringComparison.Ordinal);
        Assert.Contains("The configuration is valid.", output, StringComparison.Ordinal);
        Assert.Contains("Active: active (running)", output, StringComparison.Ordinal);
        Assert.Contains("listening: https://tracker.example:8001", output, StringComparison.Ordinal);
        Assert.Matches("fingerprint: [0-9a-f]{64}", output);
        Assert.Equal("ok", await ExpectAsync("curl -sS --fail http://127.0.0.1:9464/healthz"));
        // The user's name exists only while the service runs.
        Assert.Equal("p2pshare-tracker", await ExpectAsync("stat -c %U /proc/$(systemctl show --value -p MainPID p2pshare-tracker)"));
        // A first start gives no cause for concern.
        Assert.Equal("-- No entries --", await ExpectAsync("journalctl --no-pager --quiet -u p2pshare-tracker -p warning; echo '-- No entries --'"));

        Assert.EndsWith(" 403", await PostAsync(TrackerRoutes.Users, new CreateUserRequest("eve", TestPassword.Text)), StringComparison.Ordinal);
        var password = (await File.ReadAllTextAsync(_machine.PathOf("/root/alice.password"))).Trim();
        Assert.EndsWith(" 201", await PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", password)), StringComparison.Ordinal);
        Assert.Equal("0600", UnixFile.Mode(_machine.PathOf("/etc/p2pshare/tracker.env")));
        var backup = Assert.Single(Directory.GetDirectories(_machine.PathOf("/var/lib/private/p2pshare-backup")));
        Assert.Equal([TrackerCertificate.FileName, SqliteDatabase.FileName], Directory.GetFiles(backup).Select(Path.GetFileName).Order());
        Assert.Equal(Migrations.Latest, await ReadSchemaAsync(backup));
    }

    [BareMachineFact]
    public async Task An_upgrade_without_a_new_schema_version_and_its_way_back_keep_all()
    {
        await FollowAsync(FirstSteps);
        await MarkAsync("old");
        await File.WriteAllTextAsync(_machine.PathOf("/root/tracker/which"), "new");
        var password = (await File.ReadAllTextAsync(_machine.PathOf("/root/alice.password"))).Trim();

        // The old program runs while the new one checks its configuration.
        Assert.Contains("The configuration is valid.", await FollowAsync(NewProgram), StringComparison.Ordinal);
        await FollowAsync(Start);
        Assert.Equal("new", await ExpectAsync("cat /opt/p2pshare/tracker/which"));
        Assert.EndsWith(" 201", await PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", password)), StringComparison.Ordinal);

        await FollowAsync(WayBack, block => !block.Text.Contains(Data, StringComparison.Ordinal));

        Assert.Equal("old", await ExpectAsync("cat /opt/p2pshare/tracker/which"));
        Assert.EndsWith(" 201", await PostAsync(TrackerRoutes.Sessions, new LoginRequest("alice", password)), StringComparison.Ordinal);
    }

    /// <summary>The old program is not here: this one stands in for it until it is replaced, on tables that it has not touched.</summary>
    [BareMachineFact]
    public async Task An_upgrade_with_a_new_schema_version_keeps_all_and_the_way_back_has_the_tables_of_before()
    {
        await FollowAsync(FirstSteps);
        await MarkAsync("old");
        await PlaceOldDataAsync();

        await FollowAsync(NewProgram);
        var steps = await FollowAsync(Migration);
        Assert.Contains($"Bringing the tables from schema version 7 to 8 of {Migrations.Latest}.", steps, StringComparison.Ordinal);
        Assert.Contains($"The database has schema version {Migrations.Latest}.", steps, StringComparison.Ordinal);
        await FollowAsync(Start);
        Assert.EndsWith(" 201", await PostAsync(TrackerRoutes.Sessions, new LoginRequest(OldUser, TestPassword.Text)), StringComparison.Ordinal);

        // All but the start, with which this program would migrate again.
        await FollowAsync(WayBack, block => !block.Text.Contains("systemctl start", StringComparison.Ordinal));
        Assert.Equal("old", await ExpectAsync("cat /opt/p2pshare/tracker/which"));
        Assert.Equal(7, await ReadSchemaAsync(_machine.PathOf(Data)));
        Assert.Equal(Migrations.Latest, await ReadSchemaAsync(_machine.PathOf(Data + ".failed")));
        await FollowAsync(WayBack, block => block.Text.Contains("systemctl start", StringComparison.Ordinal));

        Assert.EndsWith(" 201", await PostAsync(TrackerRoutes.Sessions, new LoginRequest(OldUser, TestPassword.Text)), StringComparison.Ordinal);
    }

    private async Task CopyToHomeAsync()
    {
        CopyFolder(Repository.Combine("out", "P2PShare", "tracker"), _files.Combine("tracker"));
        CopyFolder(Repository.Combine("deploy"), _files.Combine("deploy"));
        await using var file = File.Create(_files.Combine($"aspnetcore-runtime-{DotnetRuntime.Version}-linux-x64.tar.gz"));
        await using var compressed = new GZipStream(file, CompressionLevel.Fastest);
        await using var archive = new TarWriter(compressed);
        foreach (var (path, name) in DotnetRuntime.Files)
        {
            await archive.WriteEntryAsync(path, "./" + name);
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>Runs the blocks of a section as they stand.</summary>
    /// <returns>What they printed.</returns>
    private async Task<string> FollowAsync(string section, Func<CodeBlock, bool>? choose = null)
    {
        var blocks = Blocks.Where(block => block.Section == section && (choose is null || choose(block))).ToList();
        Assert.NotEmpty(blocks);
        var output = "";
        foreach (var block in blocks)
        {
            var result = await _machine.RunAsync(block.Text);
            Assert.True(result.ExitCode == 0, $"{block}: {result}{(await _machine.RunAsync("journalctl --no-pager -n 30")).Output}");
            output += result.Output + result.Error;
        }

        return output;
    }

    private async Task<string> ExpectAsync(string script)
    {
        var result = await _machine.RunAsync(script);
        Assert.True(result.ExitCode == 0, $"{script}: {result}");
        return result.Output.Trim();
    }

    /// <returns>The response's body and its status.</returns>
    private Task<string> PostAsync<TRequest>(string route, TRequest request)
    {
        var body = JsonSerializer.Serialize(request, JsonSerializerOptions.Web);
        return ExpectAsync($"curl -sS --insecure https://tracker.example:8001{route} -H 'Content-Type: application/json' -d '{body}' -w ' %{{http_code}}'");
    }

    private Task MarkAsync(string which) => File.WriteAllTextAsync(_machine.PathOf("/opt/p2pshare/tracker/which"), which);

    /// <summary>Puts the data folder of schema version 7 in place of the new one, as the page tells about a folder that root puts there.</summary>
    private async Task PlaceOldDataAsync()
    {
        CopyFolder(Repository.Combine("tests", "Integration", "Fixtures", "SchemaSeven", "tracker"), _machine.PathOf("/root/old"));
        await ExpectAsync($"systemctl stop p2pshare-tracker; rm -r {Data}; mv old {Data}; chmod -R go= {Data}");
    }

    private static async Task<long> ReadSchemaAsync(string folder)
    {
        using var copy = new TemporaryFolder();
        CopyFolder(folder, copy.Combine("data"));
        await using var connection = new SqliteConnection($"Data Source={copy.Combine("data", SqliteDatabase.FileName)};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT MAX(version) FROM schema_version";
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
