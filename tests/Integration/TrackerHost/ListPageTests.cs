using System.Net;
using System.Net.Http.Headers;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Lists come in pages, whose order never changes.</summary>
public sealed class ListPageTests : IAsyncLifetime
{
    private static readonly string[] Lists =
    [
        TrackerRoutes.Groups, TrackerRoutes.Files("dev"), TrackerRoutes.Members("dev"), TrackerRoutes.JoinRequests("dev"), TrackerRoutes.GroupPeers("dev"),
    ];

    private TestTracker _tracker = null!;
    private TestUser _alice = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(options => (options.RequestsPerMinute, options.GroupsPerUser) = (1_000_000, 10_000));
        _alice = await TestUser.CreateAsync(_tracker, "alice");
        await _alice.CreateGroupAsync("dev");
    }

    public async Task DisposeAsync()
    {
        _alice.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task A_client_that_knows_no_pages_is_refused_and_never_given_a_part()
    {
        foreach (var list in Lists)
        {
            var problem = await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.PageSizeMissing, await _alice.GetAsync(list));

            Assert.Contains("page-size=1 to 1000", problem.Detail, StringComparison.Ordinal);
            Assert.Contains("has to be updated", problem.Detail, StringComparison.Ordinal);
            await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.PageSizeMissing, await _alice.GetAsync(list + "?page-size="));
        }
    }

    [TrackerTheory]
    [InlineData("page-size=0", "1 to 1000 was expected")]
    [InlineData("page-size=1001", "1 to 1000 was expected")]
    [InlineData("page-size=-1", "1 to 1000 was expected")]
    [InlineData("page-size=+1", "1 to 1000 was expected")]
    [InlineData("page-size=all", "1 to 1000 was expected")]
    [InlineData("page-size=9&page-size=9", "1 to 1000 was expected")]
    [InlineData("page-size=9&after=a%00b", "a name, or the beginning of one")]
    [InlineData("page-size=9&prefix=%00", "a name, or the beginning of one")]
    [InlineData("page-size=9&prefix=b&after=alice", "begin with the prefix")]
    public async Task A_page_that_cannot_be_is_refused_with_the_reason(string query, string reason)
    {
        foreach (var list in Lists)
        {
            var problem = await _alice.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.GetAsync($"{list}?{query}"));

            Assert.Contains(reason, problem.Detail, StringComparison.Ordinal);
        }

        await _alice.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _alice.GetAsync(ListQuery.All.On(TrackerRoutes.Groups) + "&mine=perhaps"));
    }

    [TrackerFact]
    public async Task The_pages_of_every_size_are_the_whole_list_in_its_order()
    {
        string[] files = ["B.bin", "a.bin", "A.bin", "ordner/Ä", "ordner/ä", "z", "文件", "🎈", "~", "_", "-"];
        foreach (var name in files)
        {
            await _alice.ShareAsync("dev", name, TestUser.RandomHash());
        }

        string[] users = ["Bob", "carol", "a.b", "a-b", "a_b", "A9", "dave"];
        foreach (var name in users)
        {
            using var user = await TestUser.CreateAsync(_tracker, name);
            await user.JoinAsync(_alice, "dev");
            await user.CreateGroupAsync("Of-" + name);
            using var waiting = await TestUser.CreateAsync(_tracker, "w" + name);
            await waiting.Expect(HttpStatusCode.Created, await waiting.PostAsync(TrackerRoutes.JoinRequests("dev")));
        }

        foreach (var size in new[] { 1, 2, 3, 5, 1000 })
        {
            Assert.Equal(
                files.OrderBy(FileName.Key, Bytewise).ThenBy(name => name, Bytewise), await NamesAsync<FileResponse>(TrackerRoutes.Files("dev"), size, file => file.Name));
            Assert.Equal(
                [.. users.Append("alice").OrderBy(AccountName.Key, Bytewise)], await NamesAsync<MemberResponse>(TrackerRoutes.Members("dev"), size, member => member.UserName));
            Assert.Equal(
                users.Select(name => "w" + name).OrderBy(AccountName.Key, Bytewise),
                await NamesAsync<JoinRequestResponse>(TrackerRoutes.JoinRequests("dev"), size, request => request.UserName));
            Assert.Equal(
                users.Select(name => "Of-" + name).Append("dev").OrderBy(AccountName.Key, Bytewise), await NamesAsync<GroupResponse>(TrackerRoutes.Groups, size, group => group.Name));
        }
    }

    [TrackerFact]
    public async Task The_peers_of_one_user_go_over_several_pages()
    {
        var root = TestUser.RandomHash();
        await _alice.ShareAsync("dev", "file", root);
        using var bob = await TestUser.CreateAsync(_tracker, "Bob");
        await bob.JoinAsync(_alice, "dev");
        var expected = new List<(string, Hash256)>();
        foreach (var user in new[] { _alice, bob })
        {
            for (var i = 0; i < 5; i++)
            {
                var fingerprint = TestUser.NewFingerprint();
                await user.AnnounceAsync(new AnnounceRequest(fingerprint, 5000, [], Full: true, [await user.HoldingAsync("dev", root, complete: i % 2 == 0)], [], 0));
                expected.Add((user.Name, fingerprint));
            }
        }

        foreach (var size in new[] { 1, 3, 4, 1000 })
        {
            var peers = await _alice.ListAsync<PeerResponse>(new ListQuery(PageSize: size).On(TrackerRoutes.GroupPeers("dev")));
            Assert.Equal(
                expected.OrderBy(peer => AccountName.Key(peer.Item1), Bytewise).ThenBy(peer => peer.Item2.ToString(), Bytewise), peers.Select(peer => (peer.UserName, peer.Fingerprint)));
            Assert.Equal((6, 4), (peers.Sum(peer => peer.CompleteContents), peers.Sum(peer => peer.PartialContents)));
        }

        Assert.Equal(5, (await _alice.ListAsync<PeerResponse>(new ListQuery("bO", PageSize: 2).On(TrackerRoutes.GroupPeers("dev")))).Count);
    }

    // One item in three stays; those before and behind it come and go while the pages are read.
    [TrackerFact]
    public async Task What_stays_is_in_exactly_one_page_while_others_come_and_go()
    {
        const int Staying = 120;
        using var mallory = await TestUser.CreateAsync(_tracker, "mallory");
        await mallory.JoinAsync(_alice, "dev");
        for (var i = 0; i < Staying; i++)
        {
            await _alice.Expect(HttpStatusCode.Created, await _alice.ShareAsync("dev", Name(i), TestUser.RandomHash()));
            await _alice.CreateGroupAsync(Name(i));
        }

        using var end = new CancellationTokenSource();
        var random = new SeededRandom().Random;
        var changes = 0;
        var churn = Enumerable.Range(0, 3).Select(ChurnAsync).ToList();
        for (var round = 0; round < 12 || Volatile.Read(ref changes) < 100; round++)
        {
            var size = random.Next(1, 50);
            foreach (var names in new[]
            {
                await NamesAsync<FileResponse>(TrackerRoutes.Files("dev"), size, file => file.Name), await NamesAsync<GroupResponse>(TrackerRoutes.Groups, size, group => group.Name),
            })
            {
                Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
                Assert.Equal(names.OrderBy(FileName.Key, Bytewise), names);
                Assert.Equal(Enumerable.Range(0, Staying).Select(Name), names.Where(name => name.EndsWith("-stays", StringComparison.Ordinal)));
            }
        }

        await end.CancelAsync();
        await Task.WhenAll(churn);

        static string Name(int number) => $"n{number:000}-stays";

        async Task ChurnAsync(int worker)
        {
            for (var turn = 0; !end.IsCancellationRequested; turn++)
            {
                // Before and behind one that stays.
                var name = $"n{(turn * 7) % Staying:000}-{(turn % 2 == 0 ? "a" : "z")}{worker}";
                await mallory.Expect(HttpStatusCode.Created, await mallory.ShareAsync("dev", name, TestUser.RandomHash()));
                await mallory.CreateGroupAsync(name);
                await mallory.Expect(HttpStatusCode.NoContent, await mallory.DeleteAsync(TrackerRoutes.File("dev", name)));
                await mallory.Expect(HttpStatusCode.NoContent, await mallory.DeleteAsync(TrackerRoutes.Group(name)));
                Interlocked.Add(ref changes, 4);
            }
        }
    }

    [TrackerFact]
    public async Task A_prefix_selects_without_regard_to_case_and_a_page_of_it_links_to_the_next()
    {
        string[] files = ["dev/Ärger.txt", "DEV/ärger.TXT", "dev/ähre", "Dev/a", "de", "dew", "dev"];
        foreach (var name in files)
        {
            await _alice.ShareAsync("dev", name, TestUser.RandomHash());
        }

        Assert.Equal(["dev", "Dev/a", "dev/ähre", "DEV/ärger.TXT", "dev/Ärger.txt"], await FindAsync("dEv"));
        Assert.Equal(["DEV/ärger.TXT", "dev/Ärger.txt"], await FindAsync("dev/är"));
        Assert.Empty(await FindAsync("dev/%"));
        Assert.Equal(7, (await FindAsync("")).Count);

        async Task<IReadOnlyList<string>> FindAsync(string prefix)
        {
            var found = await _alice.ListAsync<FileResponse>(new ListQuery(prefix, PageSize: 2).On(TrackerRoutes.Files("dev")));
            return [.. found.Select(file => file.Name)];
        }
    }

    [TrackerFact]
    public async Task A_hundred_thousand_files_come_in_pages_of_a_thousand_and_not_more()
    {
        const int Files = 100_000;
        await _tracker.ExecuteAsync(
            $"""
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {Files - 1})
            INSERT INTO files (group_id, name, name_key, size, piece_length, shared) SELECT g.id, 'f' || i, 'F' || i, 0, 65536, 1 FROM groups g CROSS JOIN n;
            INSERT INTO file_sharers (file_id, user_id, shared) SELECT f.id, u.id, 1 FROM files f CROSS JOIN users u;
            """);

        var pages = 0;
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var next = ListQuery.All.On(TrackerRoutes.Files("dev")); next is not null; pages++)
        {
            using var answer = await _alice.GetAsync(next);
            var page = await _alice.Expect<IReadOnlyList<FileResponse>>(HttpStatusCode.OK, answer);
            Assert.Equal(1000, page.Count);
            Assert.All(page, file => Assert.True(names.Add(file.Name)));
            next = TestUser.NextOf(answer);
        }

        Assert.Equal((100, Files), (pages, names.Count));
    }

    [TrackerFact]
    public async Task A_page_that_the_client_has_already_is_not_sent_again()
    {
        for (var i = 0; i < 5; i++)
        {
            await _alice.ShareAsync("dev", $"file{i}", TestUser.RandomHash());
        }

        foreach (var list in Lists)
        {
            var page = new ListQuery(PageSize: 3).On(list);
            using var first = await _alice.GetAsync(page);
            await _alice.Expect(HttpStatusCode.OK, first);
            Assert.True(first.Headers.ETag!.IsWeak);
            Assert.Equal("private, no-cache", string.Join(", ", first.Headers.CacheControl!.ToString().Split(", ").OrderDescending(StringComparer.Ordinal)));

            using var again = await SendAsync(page, first.Headers.ETag);
            Assert.Equal((HttpStatusCode.NotModified, 0), (again.StatusCode, (await again.Content.ReadAsByteArrayAsync()).Length));
            Assert.Equal(first.Headers.ETag, again.Headers.ETag);
            Assert.Equal(TestUser.NextOf(first), TestUser.NextOf(again));
        }

        var files = new ListQuery(PageSize: 3).On(TrackerRoutes.Files("dev"));
        using var before = await _alice.GetAsync(files);
        await _alice.DeleteAsync(TrackerRoutes.File("dev", "file1"));
        using var after = await SendAsync(files, before.Headers.ETag!);
        await _alice.Expect(HttpStatusCode.OK, after);
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
    }

    [TrackerTheory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task Lists_are_compressed_if_their_readers_may_read_all_that_others_add(string encoding)
    {
        using var bob = await TestUser.CreateAsync(_tracker, "bob");
        await bob.PostAsync(TrackerRoutes.JoinRequests("dev"));
        for (var i = 0; i < 20; i++)
        {
            await _alice.ShareAsync("dev", $"file{i}", TestUser.RandomHash());
        }

        await ExpectAsync(TrackerRoutes.Files("dev"), encoding);
        await ExpectAsync(TrackerRoutes.Members("dev"), encoding);
        await ExpectAsync(TrackerRoutes.GroupPeers("dev"), encoding);
        await ExpectAsync(TrackerRoutes.Groups, encoding);
        await ExpectAsync(TrackerRoutes.JoinRequests("dev"), null);
        await _alice.Expect(HttpStatusCode.Created, await _alice.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("secret", Listed: false)));
        await ExpectAsync(TrackerRoutes.Groups, null);

        // What is compressed has the tag of what is not.
        using var plain = await _alice.GetPageAsync(TrackerRoutes.Files("dev"));
        using var packed = await SendAsync(ListQuery.All.On(TrackerRoutes.Files("dev")), tag: null, encoding);
        Assert.Equal(plain.Headers.ETag, packed.Headers.ETag);
        Assert.Contains("Accept-Encoding", packed.Headers.Vary);
        Assert.InRange((await packed.Content.ReadAsByteArrayAsync()).Length, 1, (await plain.Content.ReadAsByteArrayAsync()).Length * 2 / 3);
        using var unchanged = await SendAsync(ListQuery.All.On(TrackerRoutes.Files("dev")), packed.Headers.ETag, encoding);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        async Task ExpectAsync(string list, string? expected)
        {
            using var answer = await SendAsync(ListQuery.All.On(list), tag: null, encoding);
            await _alice.Expect(HttpStatusCode.OK, answer);
            Assert.Equal(expected, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        }
    }

    [TrackerFact]
    public async Task Nothing_else_is_compressed_and_a_stream_of_events_is_not_held_back()
    {
        foreach (var path in new[] { TrackerRoutes.Group("dev"), TrackerRoutes.CurrentSession, TrackerRoutes.TicketKeys, "/openapi/v1.json" })
        {
            using var answer = await SendAsync(path, tag: null, "gzip, br");
            await _alice.Expect(HttpStatusCode.OK, answer);
            Assert.Empty(answer.Content.Headers.ContentEncoding);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events) { Headers = { AcceptEncoding = { new StringWithQualityHeaderValue("gzip") } } };
        using var stream = await _alice.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(["identity"], stream.Content.Headers.ContentEncoding);
        var buffer = new byte[5];
        await (await stream.Content.ReadAsStreamAsync()).ReadExactlyAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("event"u8, buffer);
    }

    [TrackerFact]
    public async Task A_page_far_behind_is_found_in_an_index()
    {
        await _alice.ShareAsync("dev", "file", TestUser.RandomHash());
        var explain = _tracker.Database is P2PShare.TrackerHost.Storage.SqliteDatabase ? "EXPLAIN QUERY PLAN" : "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; EXPLAIN";
        var plan = await _tracker.Database.ReadSnapshotAsync(
            async connection => string.Join('\n', (await connection.QueryAsync($"""
                {explain} SELECT name FROM files f WHERE f.group_id = 1 AND (f.name_key, f.name) >= ('A', 'a') AND f.name_key < 'Z' ORDER BY f.name_key, f.name LIMIT 10
                """)).Select(row => string.Join(' ', ((IDictionary<string, object>)row).Values))),
            CancellationToken.None);

        Assert.Contains("files_name_key", plan, StringComparison.Ordinal);
        Assert.Matches(@"\(group_id=\? AND \(name_key,name\)>\(\?,\?\) AND name_key<\?\)|ROW\(name_key, name\) >= ROW\('A'", plan);
        Assert.DoesNotContain("SORT", plan.ToUpperInvariant(), StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
    }

    private static IComparer<string> Bytewise { get; } = Comparer<string>.Create(
        (one, other) => System.Text.Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(other)));

    private async Task<IReadOnlyList<string>> NamesAsync<T>(string list, int size, Func<T, string> nameOf) =>
        [.. (await _alice.ListAsync<T>(new ListQuery(PageSize: size).On(list))).Select(nameOf)];

    private Task<HttpResponseMessage> SendAsync(string page, EntityTagHeaderValue? tag, string? encoding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, page);
        if (tag is not null)
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        if (encoding is not null)
        {
            request.Headers.Add("Accept-Encoding", encoding);
        }

        return _alice.SendAsync(request);
    }
}
