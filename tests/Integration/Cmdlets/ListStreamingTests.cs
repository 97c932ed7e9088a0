namespace P2PShare.Integration.Cmdlets;

/// <summary>The cmdlets ask for the next page only when its items are wanted, and keep none of those before.</summary>
public sealed class ListStreamingTests : IAsyncLifetime
{
    private const int Files = 50_000;
    private const int Page = P2PShare.Protocol.Tracker.ListQuery.MaxPageSize;

    private readonly LogRecorder _log = new();
    private TestTracker _tracker = null!;
    private TestShell _alice = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(log: _log);
        _alice = TestShell.Connected(_tracker, "alice");
        _alice.Succeed("New-P2PGroup dev");
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {Files - 1})
            INSERT INTO files (group_id, name, name_key, size, piece_length, shared) SELECT g.id, 'f' || i, 'F' || i, 0, 65536, 1 FROM groups g CROSS JOIN n;
            INSERT INTO file_sharers (file_id, user_id, shared) SELECT f.id, u.id, 1 FROM files f CROSS JOIN users u;
            """);
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        await _tracker.DisposeAsync();
        _log.Dispose();
    }

    [Theory]
    [InlineData("Get-P2PFile dev | Select-Object -First 1", 1, 1)]
    [InlineData("Get-P2PFile dev f2* | Select-Object -First 3", 3, 1)]
    [InlineData("Get-P2PFile | Select-Object -First 1500", 1500, 2)]
    [InlineData("Get-P2PFile dev F49999", 1, 1)]
    [InlineData("Get-P2PFile dev f4999[0-9]", 10, 2)] // it may be the name of a file: one more look
    [InlineData("Get-P2PFile dev f4999?", 10, 1)]
    [InlineData("Get-P2PFile dev", Files, Files / Page)]
    public void Only_the_pages_that_are_wanted_are_asked_for(string command, int count, int requests)
    {
        var found = _alice.Succeed(command);

        Assert.Equal(count, found.Select(file => file.Properties["Name"].Value).Distinct().Count());
        Assert.Equal(requests, RequestsFor("/v2/groups/dev/files"));
    }

    [Fact]
    public void A_name_that_is_not_there_costs_one_page()
    {
        Assert.Equal("FileNotFound", _alice.Fail("Get-P2PFile dev f"));

        Assert.Equal(1, RequestsFor("/v2/groups/dev/files"));
    }

    // After each page it counts the files of before that are still in memory.
    [Fact]
    public void The_files_of_earlier_pages_are_not_kept()
    {
        var most = _alice.Succeed(
            """
            $seen = [System.Collections.Generic.List[System.WeakReference]]::new()
            $most = 0
            Get-P2PFile dev | ForEach-Object {
                $seen.Add([System.WeakReference]::new($_.psobject.BaseObject))
                if ($seen.Count % 10000 -eq 0) {
                    [GC]::Collect()
                    $alive = 0
                    foreach ($one in $seen) { if ($one.IsAlive) { $alive++ } }
                    $most = [Math]::Max($most, $alive)
                }
            }
            "$($seen.Count) $most"
            """).Single().ToString()!.Split(' ');

        Assert.Equal(Files, int.Parse(most[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(int.Parse(most[1], System.Globalization.CultureInfo.InvariantCulture), 0, 2 * Page);
    }

    [Fact]
    public async Task Groups_members_join_requests_and_peers_stream_too()
    {
        const int Users = 2500;
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {Users - 1})
            INSERT INTO users (name_key, name, password_hash, created, guid) SELECT 'u' || i, 'u' || i, '', 1, 'u' || i FROM n;
            INSERT INTO members (group_id, user_id, joined) SELECT g.id, u.id, 1 FROM groups g CROSS JOIN users u WHERE u.name <> 'alice' AND u.id % 2 = 0;
            INSERT INTO join_requests (group_id, user_id, requested) SELECT g.id, u.id, 1 FROM groups g CROSS JOIN users u WHERE u.name <> 'alice' AND u.id % 2 = 1;
            INSERT INTO all_groups (name_key, name, owner_id, created, guid) SELECT u.name_key, u.name, u.id, 1, '00000000-0000-4000-8000-' || SUBSTR('000000000000' || u.id, -12) FROM users u;
            """);

        Assert.Single(_alice.Succeed("Get-P2PGroup | Select-Object -First 1"));
        Assert.Equal(1, RequestsFor("/v2/groups"));
        Assert.Equal(Users + 2, _alice.Succeed("Get-P2PGroup").Count);
        Assert.Equal(1 + 3, RequestsFor("/v2/groups"));
        Assert.Equal("dev", _alice.Succeed("Get-P2PGroup -Mine").Single().Properties["Name"].Value);
        Assert.Equal(11, _alice.Succeed("Get-P2PGroup U249*").Count);
        Assert.Equal(4 + 2, RequestsFor("/v2/groups"));

        Assert.Single(_alice.Succeed("Get-P2PGroupMember dev | Select-Object -First 1"));
        Assert.Equal(1, RequestsFor("/v2/groups/dev/members"));
        Assert.Equal((Users / 2) + 1, _alice.Succeed("Get-P2PGroupMember dev").Count);
        Assert.Equal(1 + 2, RequestsFor("/v2/groups/dev/members"));

        Assert.Single(_alice.Succeed("Get-P2PJoinRequest dev | Select-Object -First 1"));
        Assert.Equal(1, RequestsFor("/v2/groups/dev/requests"));
        Assert.Equal(Users / 2, _alice.Succeed("Get-P2PJoinRequest dev").Count);
        Assert.Equal(1 + 2, RequestsFor("/v2/groups/dev/requests"));
    }

    private int RequestsFor(string path) => _log.Lines.Count(line =>
        line.Category == "Microsoft.AspNetCore.Hosting.Diagnostics" && line.Event.Id == 1 && line.Fields.TryGetValue("Path", out var asked) && asked?.ToString() == path
        && line.Fields["Method"]?.ToString() == "GET");
}
