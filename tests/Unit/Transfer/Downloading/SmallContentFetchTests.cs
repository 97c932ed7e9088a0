using System.Collections.Concurrent;
using System.Runtime.Versioning;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;
using P2PShare.Unit.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>Small contents that are fetched together, from sources that the test plays.</summary>
public sealed class SmallContentFetchTests : ConnectionTest, IDisposable
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeDownloadStore _store = new();
    private readonly FakeContents _registry;
    private readonly DownloadDependencies _dependencies;
    private readonly SmallContentFetch _fetch;
    private readonly ConcurrentDictionary<Hash256, (PeerConnection Connection, RawPeer Remote)> _sources = new();
    private readonly List<SourcePeer> _peers = [];
    private Task _trackerAnswers = Task.CompletedTask;
    private Func<int, DateTimeOffset> _expires = _ => DateTimeOffset.MaxValue;
    private int _lookUps;

    public SmallContentFetchTests()
    {
        _registry = new FakeContents(Clock);
        _dependencies = new DownloadDependencies(Own, _store, _registry, null!, null!, Context.Metrics, Context.Logger, Clock)
        {
            Random = new Random(1),
            StallTimeout = Stall,
        };
        _fetch = new SmallContentFetch(
            _dependencies,
            async (_, roots, _) =>
            {
                var expires = _expires(Interlocked.Increment(ref _lookUps));
                await _trackerAnswers;
                return roots.ToDictionary(root => root, _ => new SourceLocator.Sources("ticket", expires, 0, [.. _peers]));
            },
            (peer, _, _, _) => _sources.TryGetValue(peer.Fingerprint, out var source)
                ? Task.FromResult(source.Connection)
                : Task.FromException<PeerConnection>(new IOException("It cannot be reached.")));
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Hostile =>
        ["another content", "a content twice", "wrong bytes", "too few bytes", "too many bytes", "a refusal", "a refusal of another", "a refusal with another", "a refusal twice", "the end", "silence", "a long silence in a frame"];

    [Fact]
    public async Task Contents_get_their_files_and_are_saved_and_offered_together()
    {
        var source = AddSource(2);
        var contents = Make(100);
        var answering = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _trackerAnswers = answering.Task;
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        answering.SetResult();

        await AnswerAsync(source, contents);

        Assert.All(await Task.WhenAll(fetches).WaitAsync(Limit), Assert.True);
        AssertReceived(contents);
        Assert.Equal(contents.Select(content => $"add {content.Name}").Order(), _registry.Log.Order());
        Assert.Equal(100, _store.Log.Sum(entry => entry.Split("Complete").Length - 1));
        Assert.InRange(_store.Log.Length, 1, 50);
        // The first may have begun before all were asked for.
        Assert.InRange(_lookUps, 1, 2);
        Assert.Equal(contents.Sum(content => content.Bytes.Length), Context.Metrics.BytesDownloaded);
    }

    [Fact]
    public async Task Several_sources_share_the_contents()
    {
        var (first, second) = (AddSource(2), AddSource(3));
        var contents = Make(200);
        var fetches = contents.Select(content => FetchAsync(content)).ToList();

        var answers = await Task.WhenAll(AnswerAsync(first, contents, until: fetches), AnswerAsync(second, contents, until: fetches));

        Assert.All(await Task.WhenAll(fetches), Assert.True);
        AssertReceived(contents);
        Assert.All(answers, sent => Assert.InRange(sent, 1, 199));
        Assert.Equal(200, answers.Sum());
    }

    [Fact]
    public async Task What_a_lost_source_did_not_send_comes_from_another()
    {
        var (first, second) = (AddSource(2), AddSource(3));
        var contents = Make(60);
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        await ReceiveGetAsync(first);

        _sources[Remote(2).Fingerprint].Connection.Dispose();
        await AnswerAsync(second, contents, until: fetches);

        Assert.All(await Task.WhenAll(fetches), Assert.True);
        AssertReceived(contents);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task A_source_that_does_not_send_what_was_requested_is_given_up(string deed)
    {
        var source = AddSource(2);
        var contents = Make(3);
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        var requested = new List<Hash256>();
        while (requested.Count < 3)
        {
            requested.AddRange(await ReceiveGetAsync(source));
        }

        var (first, other) = (contents.Single(content => content.Root == requested[0]), Make(4)[3]);
        await SendAsync(source, deed, first, other);
        if (deed.Contains("silence", StringComparison.Ordinal))
        {
            await AdvanceAsync(Stall / 2, fetches);
        }

        var results = await Task.WhenAll(fetches).WaitAsync(Limit);

        // At most the one that was sent rightly before.
        Assert.InRange(results.Count(isReceived => isReceived), 0, deed == "a content twice" ? 1 : 0);
        Assert.Equal(
            contents.Where((_, i) => results[i]).Select(content => _folder.Combine(content.Name)),
            Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.All(contents.Where((_, i) => results[i]), content => Assert.Equal(content.Bytes, File.ReadAllBytes(_folder.Combine(content.Name))));
    }

    [Fact]
    public async Task A_source_that_hardly_sends_holds_few_contents_and_not_for_long()
    {
        var slow = AddSource(2);
        var contents = Make(100);
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        var asked = new Queue<Hash256>(await ReceiveGetAsync(slow));
        Assert.InRange(asked.Count, 1, 32);

        // One content before it would be given up for its silence.
        var sent = 0;
        for (; sent < 5 && !fetches.TrueForAll(fetch => fetch.IsCompleted); sent++)
        {
            Clock.Advance(TimeSpan.FromSeconds(14));
            var root = asked.TryDequeue(out var next) ? next : (await ReceiveGetAsync(slow))[0];
            var fetch = fetches[contents.FindIndex(content => content.Root == root)];
            await SendContentAsync(slow, root, contents.Single(content => content.Root == root).Bytes);
            await Eventually.HoldsAsync(() => fetch.IsCompleted, "what it sent is received, or it is given up");
        }

        // More than a minute has passed: what it has not sent is given up, without any more time.
        await Eventually.HoldsAsync(() => fetches.TrueForAll(fetch => fetch.IsCompleted), "all else is given up");
        var received = await Task.WhenAll(fetches).WaitAsync(Limit);
        Assert.InRange(received.Count(isReceived => isReceived), 1, sent);
    }

    [Fact]
    public async Task Contents_whose_ticket_expires_are_looked_up_again()
    {
        var source = AddSource(2);
        var contents = Make(1);
        _expires = lookUp => lookUp == 1 ? Clock.GetUtcNow().AddSeconds(30) : DateTimeOffset.MaxValue;
        var fetch = FetchAsync(contents[0]);

        await AnswerAsync(source, contents);

        Assert.True(await fetch.WaitAsync(Limit));
        Assert.Equal(2, _lookUps);
    }

    [Fact]
    public async Task Contents_whose_tickets_all_expire_are_left_to_the_ordinary_way()
    {
        AddSource(2);
        _expires = _ => Clock.GetUtcNow().AddSeconds(30);

        Assert.False(await FetchAsync(Make(1)[0]).WaitAsync(Limit));
        Assert.InRange(_lookUps, 1, 3);
    }

    [Fact]
    public async Task A_source_that_sent_wrong_bytes_is_not_asked_again_and_another_sends_the_content()
    {
        var (liar, honest) = (AddSource(2), AddSource(3));
        var contents = Make(40);
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        var asked = await ReceiveGetAsync(liar);

        await SendContentAsync(liar, asked[0], new byte[contents.Single(content => content.Root == asked[0]).Bytes.Length]);
        await AnswerAsync(honest, contents, until: fetches);

        Assert.All(await Task.WhenAll(fetches), Assert.True);
        AssertReceived(contents);
        Assert.Contains(Log, line => line.Contains("it sent a wrong piece", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_source_that_can_be_reached_it_is_left_to_the_ordinary_way()
    {
        _peers.Add(Peer(9));

        Assert.False(await FetchAsync(Make(1)[0]).WaitAsync(Limit));
    }

    [Fact]
    public async Task A_cancelled_one_leaves_no_file_and_the_source_may_still_send_it()
    {
        var source = AddSource(2);
        var contents = Make(2);
        using var cancel = new CancellationTokenSource();
        var cancelled = FetchAsync(contents[0], cancel: cancel.Token);
        var other = FetchAsync(contents[1]);
        var requested = new List<Hash256>();
        while (requested.Count < 2)
        {
            requested.AddRange(await ReceiveGetAsync(source));
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await SendContentAsync(source, contents[0].Root, contents[0].Bytes);
        await SendContentAsync(source, contents[1].Root, contents[1].Bytes);

        Assert.True(await other.WaitAsync(Limit));
        Assert.Equal([_folder.Combine(contents[1].Name)], Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public async Task An_existing_file_stays_unless_it_is_to_be_replaced()
    {
        var source = AddSource(2);
        var contents = Make(2);
        _folder.Write(contents[0].Name, "mine");
        _folder.Write(contents[1].Name, "mine");
        Task<bool>[] fetches = [FetchAsync(contents[0]), FetchAsync(contents[1], overwrite: true)];

        await AnswerAsync(source, contents, until: fetches);

        var results = await Task.WhenAll(fetches);
        Assert.Equal([false, true], results);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder.Combine(contents[0].Name)));
        Assert.Equal(contents[1].Bytes, await File.ReadAllBytesAsync(_folder.Combine(contents[1].Name)));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(_folder.Path).Count());
    }

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_file_has_the_permissions_of_a_new_file()
    {
        var source = AddSource(2);
        var contents = Make(1);
        var fetch = FetchAsync(contents[0]);
        await AnswerAsync(source, contents);
        await fetch.WaitAsync(Limit);

        var usual = _folder.Write("usual", "");
        Assert.Equal(File.GetUnixFileMode(usual), File.GetUnixFileMode(_folder.Combine(contents[0].Name)));
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_is_not_written_through(bool isFolder)
    {
        using var elsewhere = new TemporaryFolder();
        var source = AddSource(2);
        var content = Make(1)[0] with { Name = "sub/file" };
        var victim = elsewhere.Write("file", "mine");
        Directory.CreateSymbolicLink(_folder.Combine("sub"), elsewhere.Path);
        if (!isFolder)
        {
            Directory.Delete(_folder.Combine("sub"));
            Directory.CreateDirectory(_folder.Combine("sub"));
            File.CreateSymbolicLink(_folder.Combine("sub", "file"), victim);
        }

        var fetch = FetchAsync(content, overwrite: true);
        await AnswerAsync(source, [content], until: [fetch]);

        // The link itself is replaced, as by any other download.
        Assert.Equal(!isFolder, await fetch);
        Assert.Equal("mine", await File.ReadAllTextAsync(victim));
    }

    [Fact]
    public async Task The_limit_of_all_downloads_acts_on_what_is_requested()
    {
        var source = AddSource(2);
        _dependencies.Limiter.Limit = 1;
        // Each is longer than what may be requested at once.
        var contents = Make(10)[8..];
        var fetches = contents.Select(content => FetchAsync(content)).ToList();
        await Eventually.HoldsAsync(() => _dependencies.Limiter.WaitingCount == contents.Count, "each has a request that waits for the limit");
        var requesting = ReceiveGetAsync(source);
        Assert.False(requesting.IsCompleted);

        _dependencies.Limiter.Limit = null;

        var requested = await requesting;
        Assert.Single(requested);
        await AnswerAsync(source, contents, already: requested);
        Assert.All(await Task.WhenAll(fetches).WaitAsync(Limit), Assert.True);
    }

    [Fact]
    public async Task A_download_with_a_limit_of_its_own_is_left_to_the_ordinary_way()
    {
        AddSource(2);

        Assert.False(await FetchAsync(Make(1)[0], hasLimit: true).WaitAsync(Limit));
    }

    [Fact]
    public async Task Only_small_contents_without_a_part_file_are_fetched_together()
    {
        var request = Make(1)[0].Request(_folder, overwrite: false);
        Assert.True(_fetch.Accepts(request));
        Assert.False(_fetch.Accepts(request with { Content = request.Content with { Size = 65_537 } }));
        Assert.False(_fetch.Accepts(request with { Content = new ContentDescription(0, 65_536, null) }));
        Assert.False(_fetch.Accepts(request with { Content = request.Content with { Size = 65_537, PieceLength = 1 << 20 } }));
        _folder.Write(Path.GetFileName(request.Destination) + ".p2ppart", "");
        Assert.False(await FetchAsync(Make(1)[0]).WaitAsync(Limit));
        Assert.Equal(0, _lookUps);
    }

    private static SourcePeer Peer(byte number) => new(Remote(number).Fingerprint, TestIds.Of($"user {number}"), SessionId, $"user {number}", true, ["127.0.0.1:1"]);

    private static List<Small> Make(int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var bytes = new byte[1 + i * 331 % 65_536];
        new Random(i).NextBytes(bytes);
        return new Small($"file{i}", bytes, HashTree.ContentRoot(bytes));
    })];

    private static async Task<IReadOnlyList<Hash256>> ReceiveGetAsync(RawPeer source)
    {
        while (true)
        {
            var (id, body) = await source.ReceiveAsync() ?? throw new IOException("The connection has ended.");
            if (id == MessageId.Get)
            {
                return GetMessage.Read(body).PiecesRoots;
            }
        }
    }

    private static Task SendContentAsync(RawPeer source, Hash256 root, byte[] bytes)
    {
        var frame = new byte[ContentMessage.Overhead + bytes.Length];
        bytes.CopyTo(frame.AsSpan(ContentMessage.WriteHeader(frame, root, bytes.Length)));
        return source.SendAsync(frame);
    }

    private static async Task SendAsync(RawPeer source, string deed, Small content, Small other)
    {
        var frame = new byte[100];
        switch (deed)
        {
            case "another content":
                await SendContentAsync(source, other.Root, other.Bytes);
                break;
            case "a content twice":
                await SendContentAsync(source, content.Root, content.Bytes);
                await SendContentAsync(source, content.Root, content.Bytes);
                await SendContentAsync(source, content.Root, content.Bytes);
                break;
            case "wrong bytes":
                await SendContentAsync(source, content.Root, [.. content.Bytes.Select(b => (byte)~b)]);
                break;
            case "too few bytes":
                await SendContentAsync(source, content.Root, content.Bytes.Length == 1 ? [1, 2] : content.Bytes[..^1]);
                break;
            case "too many bytes":
                await SendContentAsync(source, content.Root, [.. content.Bytes, 0]);
                break;
            case "a refusal" or "a refusal of another":
                var refused = deed == "a refusal" ? content : other;
                await source.SendAsync(frame.AsMemory(0, GetRejectMessage.Write(frame, CloseReason.Busy, [refused.Root])));
                await source.DisposeAsync();
                break;
            case "a refusal with another" or "a refusal twice":
                Hash256[] both = [content.Root, deed == "a refusal twice" ? content.Root : other.Root];
                await source.SendAsync(frame.AsMemory(0, GetRejectMessage.Write(frame, CloseReason.Busy, both)));
                break;
            case "the end":
                await source.DisposeAsync();
                break;
            case "a long silence in a frame":
                ContentMessage.WriteHeader(frame, content.Root, content.Bytes.Length);
                await source.SendAsync(frame.AsMemory(0, ContentMessage.Overhead));
                break;
            default:
                break;
        }
    }

    // Answers whatever is requested. Returns how many contents it sent.
    private static async Task<int> AnswerAsync(RawPeer source, IReadOnlyList<Small> contents, IReadOnlyList<Task<bool>>? until = null, IReadOnlyList<Hash256>? already = null)
    {
        var byRoot = contents.ToDictionary(content => content.Root);
        var sent = 0;
        var waiting = already;
        var ended = until is null ? new TaskCompletionSource().Task : Task.WhenAll(until);
        while (sent < contents.Count)
        {
            if (waiting is null)
            {
                var receiving = ReceiveGetAsync(source);
                if (await Task.WhenAny(receiving, ended) != receiving)
                {
                    break;
                }

                waiting = await receiving;
            }

            foreach (var root in waiting)
            {
                await SendContentAsync(source, root, byRoot[root].Bytes);
                sent++;
            }

            waiting = null;
        }

        await (until is null ? Task.CompletedTask : ended).WaitAsync(Limit);
        return sent;
    }

    private RawPeer AddSource(byte number)
    {
        var (near, far) = DuplexStream.CreatePair();
        var connection = new PeerConnection(Context, near, Remote(number), isDialled: true, isBulk: false);
        var remote = new RawPeer(far);
        _sources[Remote(number).Fingerprint] = (connection, remote);
        _peers.Add(Peer(number));
        Track(connection, remote);
        return remote;
    }

    private async Task AdvanceAsync(TimeSpan time, List<Task<bool>> until)
    {
        // Step by step: a timer fires once for all the time that passes at once.
        for (var passed = TimeSpan.Zero; passed < time && !until.TrueForAll(fetch => fetch.IsCompleted); passed += TimeSpan.FromSeconds(1))
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Eventually.HoldsAsync(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return until.TrueForAll(fetch => fetch.IsCompleted);
            },
            "the source is given up");
    }

    private Task<bool> FetchAsync(Small content, bool overwrite = false, bool hasLimit = false, CancellationToken cancel = default)
    {
        var request = content.Request(_folder, overwrite);
        Assert.True(_fetch.Accepts(request));
        var download = new SavedDownload(Guid.NewGuid(), request, DownloadState.Complete, null, content.Bytes.Length, Clock.GetUtcNow());
        return _fetch.TryFetchAsync(new WantedContent(download, () => hasLimit), cancel);
    }

    private void AssertReceived(IReadOnlyList<Small> contents)
    {
        Assert.Equal(contents.Select(content => _folder.Combine(content.Name)).Order(), Directory.EnumerateFileSystemEntries(_folder.Path).Order());
        Assert.All(contents, content => Assert.Equal(content.Bytes, File.ReadAllBytes(_folder.Combine(content.Name))));
    }

    private sealed record Small(string Name, byte[] Bytes, Hash256 Root)
    {
        public DownloadRequest Request(TemporaryFolder folder, bool overwrite) => new(
            Group, Name, new ContentDescription(Bytes.Length, 65_536, Root), folder.Combine(Name.Split('/')), overwrite);
    }
}
