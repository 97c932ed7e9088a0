using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Integration.TrackerHost.Durability;

public sealed class FullDiskTests : IAsyncLifetime
{
    private const int DiskMegabytes = 4;

    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [SmallDiskFact]
    public async Task Without_room_writes_are_refused_and_reads_continue_until_there_is_room()
    {
        var data = Directory.CreateDirectory(_folder.Combine("data")).FullName;
        await using var tracker = await TrackerProcess.StartOnAsync(_folder.Path, null, SmallDiskFactAttribute.Wrapper(data, DiskMegabytes), []);
        // The disk as the tracker sees it, from outside.
        var filler = $"/proc/{tracker.Id}/root{data}/filler";
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.CreateGroupAsync("dev");
        FillUp(filler);

        var shared = new List<string>();
        HttpResponseMessage answer;
        // Something may still fit where there was room before.
        for (var i = 0; (answer = await alice.ShareAsync("dev", $"file{i}", TestUser.RandomHash())).IsSuccessStatusCode; i++)
        {
            shared.Add($"file{i}");
            FillUp(filler);
        }

        await alice.ExpectProblem(HttpStatusCode.InsufficientStorage, ErrorCode.TrackerStorageFull, answer);
        // Together, as they come when many wait.
        var together = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => alice.ShareAsync("dev", $"more{i}", TestUser.RandomHash())));
        Assert.All(together, one => Assert.Equal(HttpStatusCode.InsufficientStorage, one.StatusCode));
        Assert.Equal(shared.Order(StringComparer.Ordinal), (await alice.ListFilesAsync("dev")).Select(file => file.Name));

        File.Delete(filler);
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "last", TestUser.RandomHash()));
        shared.Add("last");
        Assert.Equal(shared.Order(StringComparer.Ordinal), (await alice.ListFilesAsync("dev")).Select(file => file.Name));

        var (code, error) = await tracker.SignalAsync(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        Assert.Equal(0, code);
        Assert.Single(error.Split('\n'), line => line.Contains("There is no room for the database", StringComparison.Ordinal));
        Assert.Single(error.Split('\n'), line => line.Contains("There is room for the database again", StringComparison.Ordinal));
    }

    [SmallDiskFact]
    public async Task A_disk_that_is_full_at_the_start_is_named()
    {
        var data = Directory.CreateDirectory(_folder.Combine("data")).FullName;
        var info = _folder.Combine("tracker_info.txt");
        await File.WriteAllTextAsync(info, "127.0.0.1:8001\n");
        string[] fill = [.. SmallDiskFactAttribute.Wrapper(data, DiskMegabytes), "sh", "-c", "head -c 100M /dev/zero > \"$0/filler\" 2>/dev/null; exec \"$@\"", data];

        var (code, _, error) = await TrackerProcess.RunWrappedAsync(_folder.Path, fill, info, "1", $"--Tracker:DataPath={data}");

        Assert.Equal(1, code);
        Assert.Contains(data, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task PostgreSQL_without_room_does_not_count_as_unavailable()
    {
        TestDatabase.Kind = DatabaseKind.Postgres;
        await using var tracker = await TestTracker.StartAsync();
        using var alice = await TestUser.CreateAsync(tracker, "alice");
        await alice.CreateGroupAsync("dev");
        await tracker.ExecuteAsync(
            """
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''could not extend file''; END';
            CREATE TRIGGER no_room BEFORE INSERT ON files FOR EACH ROW EXECUTE FUNCTION no_room();
            """);

        await alice.ExpectProblem(
            HttpStatusCode.InsufficientStorage, ErrorCode.TrackerStorageFull, await alice.ShareAsync("dev", "file", TestUser.RandomHash()));
        Assert.Empty(await alice.ListFilesAsync("dev"));

        await tracker.ExecuteAsync("DROP TRIGGER no_room ON files");
        await alice.Expect(HttpStatusCode.Created, await alice.ShareAsync("dev", "file", TestUser.RandomHash()));
    }

    private static void FillUp(string path)
    {
        using var filler = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                filler.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}
