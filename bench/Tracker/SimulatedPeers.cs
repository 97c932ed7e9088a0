using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using P2PShare.Bench.Measuring;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>
/// Users of one group and the peers of each, which share files and hold contents: the clients of the tracker that is measured.
/// Requests are made in advance where that is possible, so that the client costs little.
/// </summary>
internal sealed class SimulatedPeers
{
    public const string Group = "bench";

    private const string Password = "a password of the benchmark";
    private const int Users = 16;

    // A session for each peer would be a login for each, which is slow on purpose.
    private const int Sessions = 64;

    private const int Files = 100;
    private const int HoldingsOfAPeer = 4;

    private static readonly string _run = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray())[..8];
    private static readonly string _files = ListQuery.All.On(TrackerRoutes.Files(Group));

    private readonly string[] _tokens = new string[Sessions];
    private readonly Hash256[] _roots = new Hash256[Files];
    private readonly byte[][] _sources = new byte[Files][];
    private readonly (Guid Tracker, Guid Session)[] _sessions = new (Guid, Guid)[Sessions];
    private readonly ConcurrentDictionary<int, FingerprintProof> _proofs = new();
    private readonly ConcurrentDictionary<int, long> _revocations = new();
    private Guid _group;
    private int _groups;

    /// <summary>Makes users, the group and its files at a tracker.</summary>
    public static async Task<SimulatedPeers> CreateAsync(Func<int, Connections> tracker, CancellationToken cancellationToken)
    {
        var peers = new SimulatedPeers();
        await Load.EachAsync(
            Users,
            4,
            async user =>
            {
                await tracker(user).SendAsync(
                    user, HttpMethod.Post, TrackerRoutes.Users, null, Json(new CreateUserRequest(UserName(user), Password), TrackerJson.Default.CreateUserRequest));
                await peers.LogInAsync(tracker(user), user);
            },
            cancellationToken);
        await Load.EachAsync(Sessions - Users, 4, i => peers.LogInAsync(tracker(i), Users + i), cancellationToken);
        var created = await tracker(0).SendAsync(
            0, HttpMethod.Post, TrackerRoutes.Groups, peers._tokens[0], Json(new CreateGroupRequest(Group), TrackerJson.Default.CreateGroupRequest));
        peers._group = JsonSerializer.Deserialize(created, TrackerJson.Default.GroupResponse)!.GroupId;
        for (var user = 1; user < Users; user++)
        {
            await tracker(user).SendAsync(user, HttpMethod.Post, TrackerRoutes.JoinRequests(Group), peers._tokens[user], null);
            await tracker(user).SendAsync(user, HttpMethod.Post, TrackerRoutes.Approval(Group, UserName(user)), peers._tokens[0], null);
        }

        for (var file = 0; file < Files; file++)
        {
            peers._roots[file] = HashOf(1, file);
            peers._sources[file] = Json(
                new SourcesRequest(peers._group, HashOf(2, file), HashOf(3, file), [peers._roots[file]]), TrackerJson.Default.SourcesRequest);
            await tracker(file).SendAsync(
                file, HttpMethod.Post, TrackerRoutes.Files(Group), peers._tokens[file % Sessions], FileNamed($"data/{file:0000}.bin", peers._roots[file]));
        }

        return peers;
    }

    /// <summary>The whole announce of a peer that comes online.</summary>
    public Task ComeOnlineAsync(Connections tracker, int peer) => AnnounceAsync(tracker, peer, full: true);

    /// <summary>The heartbeat that each peer repeats once an interval.</summary>
    public Task StayOnlineAsync(Connections tracker, int peer) => AnnounceAsync(tracker, peer, full: false);

    /// <summary>The announce that is due.</summary>
    public async Task<AnnounceResponse> AnnounceDueAsync(Connections tracker, int peer, bool full) =>
        JsonSerializer.Deserialize(await AnnounceAsync(tracker, peer, full), TrackerJson.Default.AnnounceResponse)!;

    public async Task FindSourcesAsync(Connections tracker, int number) => AnswerLengths.Check(
        Case.Sources,
        AnswerLengths.Sources,
        await tracker.SendAsync(number, HttpMethod.Post, TrackerRoutes.Sources(Group), _tokens[number % Sessions], _sources[number % Files]));

    public async Task ListFilesAsync(Connections tracker, int number) => AnswerLengths.Check(
        Case.Files, AnswerLengths.Files, await tracker.SendAsync(number, HttpMethod.Get, _files, _tokens[number % Sessions], null));

    /// <summary>Asks for the files that a client has listed before.</summary>
    public Task ListUnchangedFilesAsync(Connections tracker, int number) => tracker.AskUnchangedAsync(number, _files, _tokens[number % Sessions]);

    /// <summary>A write that is acknowledged when it is durable: a user creates a group.</summary>
    public async Task CreateGroupAsync(Connections tracker, int number) => AnswerLengths.Check(
        Case.Write,
        AnswerLengths.Group,
        await tracker.SendAsync(number, HttpMethod.Post, TrackerRoutes.Groups, _tokens[number % Sessions], GroupBody(Interlocked.Increment(ref _groups))));

    public static Task LogInAgainAsync(Connections tracker, int number) => tracker.SendAsync(
        number, HttpMethod.Post, TrackerRoutes.Sessions, null,
        Json(new LoginRequest(UserName(number % Users), Password), TrackerJson.Default.LoginRequest));

    /// <summary>Deletes the group of all.</summary>
    public Task RemoveGroupAsync(Connections tracker) => tracker.SendAsync(0, HttpMethod.Delete, TrackerRoutes.Group(Group), _tokens[0], null);

    /// <summary>Lets a user leave the group of all.</summary>
    public Task LeaveAsync(Connections tracker, int user) =>
        tracker.SendAsync(user, HttpMethod.Delete, TrackerRoutes.Member(Group, UserName(user)), _tokens[user], null);

    /// <summary>Ends the first session of a user.</summary>
    public Task LogOutAsync(Connections tracker, int user) => tracker.SendAsync(user, HttpMethod.Delete, TrackerRoutes.CurrentSession, _tokens[user], null);

    public static bool IsOfSession(int peer, int session) => peer % Sessions == session;

    /// <summary>The group of all.</summary>
    public Guid GroupId => _group;

    /// <summary>Of the first session of a user.</summary>
    public string TokenOf(int user) => _tokens[user];

    /// <summary>The page of the files of the group of all that follows a name.</summary>
    public static string FilesAfter(string name) => $"{_files}&{ListQuery.AfterParameter}={name}";

    /// <summary>As the database has the token of the first session of a user.</summary>
    public string TokenHashOf(int user) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_tokens[user])));

    /// <summary>Announces a peer, which from now on knows the revocations that it was told of.</summary>
    public async Task LearnRevocationsAsync(Connections tracker, int peer) => _revocations[peer] = (await AnnounceDueAsync(tracker, peer, full: false)).RevocationsAfter;

    /// <summary>Makes a peer that is online a source of the first file, too.</summary>
    public Task HoldFirstAsync(Connections tracker, int peer) => HoldAsync(tracker, peer, [_roots[0]]);

    /// <summary>Makes a peer that is online a source of contents of the group of all.</summary>
    public Task HoldAsync(Connections tracker, int peer, IEnumerable<Hash256> contents) => tracker.SendAsync(
        peer, HttpMethod.Post, TrackerRoutes.Peers, _tokens[peer % Sessions],
        Json(
            new AnnounceRequest(
                FingerprintOf(peer), PortOf(peer), AddressesOf(peer), Full: false, [.. contents.Select(root => new Announcement(_group, root, Complete: true))], [], RevocationsAfter: 0),
            TrackerJson.Default.AnnounceRequest));

    /// <summary>The body of an announce that names an address again and again, as no peer does.</summary>
    public byte[] AnnounceOfAddresses(int peer, int count) => Json(
        new AnnounceRequest(FingerprintOf(peer), PortOf(peer), [.. Enumerable.Repeat("::1", count)], Full: false, [], [], RevocationsAfter: 0), TrackerJson.Default.AnnounceRequest);

    /// <summary>Opens a peer's stream of requests to dial.</summary>
    public Task<HttpResponseMessage> OpenDialsAsync(Connections tracker, int peer) =>
        tracker.OpenAsync(peer, TrackerRoutes.Dials(FingerprintOf(peer)), _tokens[peer % Sessions]);

    /// <summary>Lets a source of the first file dial another peer.</summary>
    public Task RequestDialAsync(Connections tracker, int source, int asker) => tracker.SendAsync(
        asker, HttpMethod.Post, TrackerRoutes.DialRequests(Group), _tokens[asker % Sessions],
        Json(new DialRequest(_group, _roots[0], FingerprintOf(source), FingerprintOf(asker)), TrackerJson.Default.DialRequest));

    /// <summary>The body of a request for the sources of a content.</summary>
    public static byte[] SourcesBody { get; } = Json(new SourcesRequest(Guid.Empty, HashOf(2, 0), HashOf(3, 0), [HashOf(1, 0)]), TrackerJson.Default.SourcesRequest);

    /// <summary>The body of a request for a new group.</summary>
    public static byte[] GroupBody(int number) => Json(new CreateGroupRequest($"g{_run}-{number}"), TrackerJson.Default.CreateGroupRequest);

    /// <summary>The body of a peer's announce. A full one names other contents each time.</summary>
    /// <param name="proof">Its public key makes the fingerprint.</param>
    public static byte[] AnnounceOf(int peer, bool full, Guid group, FingerprintProof proof, long revocationsAfter = 0)
    {
        var first = peer + Random.Shared.Next(Files);
        return Json(
            new AnnounceRequest(
                Hash256.Compute(proof.PublicKey), PortOf(peer), AddressesOf(peer), full,
                full ? [.. Enumerable.Range(0, HoldingsOfAPeer).Select(i => new Announcement(group, HashOf(1, (first + (i * 25)) % Files), Complete: peer % 4 != 0))] : [],
                [], revocationsAfter, full ? proof : null),
            TrackerJson.Default.AnnounceRequest);
    }

    private async Task LogInAsync(Connections tracker, int session)
    {
        var answer = await tracker.SendAsync(
            session, HttpMethod.Post, TrackerRoutes.Sessions, null,
            Json(new LoginRequest(UserName(session % Users), Password), TrackerJson.Default.LoginRequest));
        var opened = JsonSerializer.Deserialize(answer, TrackerJson.Default.SessionResponse);
        _tokens[session] = opened?.Token ?? throw new BenchException("The tracker answered a login without a token.");
        _sessions[session] = (opened.TrackerId, opened.SessionId);
    }

    private Task<byte[]> AnnounceAsync(Connections tracker, int peer, bool full) =>
        tracker.SendAsync(peer, HttpMethod.Post, TrackerRoutes.Peers, _tokens[peer % Sessions], AnnounceOf(peer, full, _group, Prove(peer), _revocations.GetValueOrDefault(peer)));

    // A key for each peer, whose proof is made once and sent with every full announce.
    private FingerprintProof Prove(int peer) => _proofs.GetOrAdd(peer, _ =>
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (tracker, session) = _sessions[peer % Sessions];
        return FingerprintProof.Make(key, tracker, session);
    });

    private Hash256 FingerprintOf(int peer) => Hash256.Compute(Prove(peer).PublicKey);

    private static int PortOf(int peer) => 20000 + (peer % 40000);

    private static string[] AddressesOf(int peer) => [$"10.{peer >> 16 & 255}.{peer >> 8 & 255}.{peer & 255}"];

    public static string UserName(int user) => $"user{user}";

    private static byte[] FileNamed(string name, Hash256 root)
    {
        const long Size = 64 * 1024 * 1024;
        return Json(new ShareFileRequest(name, Size, PieceLength.For(Size), root), TrackerJson.Default.ShareFileRequest);
    }

    // The same for the same numbers, so that it need not be stored.
    private static Hash256 HashOf(int kind, int number)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        BitConverter.TryWriteBytes(bytes, kind);
        BitConverter.TryWriteBytes(bytes[4..], number);
        return new Hash256(System.Security.Cryptography.SHA256.HashData(bytes));
    }

    private static byte[] Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);
}
