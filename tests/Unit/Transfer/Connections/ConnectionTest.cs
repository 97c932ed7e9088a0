using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>Connections in memory, with a clock that the test sets and tickets that the test issues.</summary>
public abstract class ConnectionTest : IAsyncDisposable
{
    private protected static readonly GroupIdentity Group = TestIds.Group("dev");
    private protected const string User = "bob";

    private protected static readonly Guid UserId = TestIds.Of(User);
    private protected static readonly Guid SessionId = TestIds.Of("session");

    private protected static readonly Hash256 Own = Hash256.Compute([1]);
    private protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly Guid Tracker = Guid.NewGuid();

    private readonly ECDsaSecurityKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "key" };
    private readonly List<(PeerConnection Connection, Task Running, RawPeer Remote)> _running = [];

    protected ConnectionTest()
    {
        var validator = new TicketValidator(Tracker, KeySet(), Clock);
        Access = new AccessGuard(new TicketChecker(validator, () => Task.FromResult(validator), Clock), new Revocations(Clock), Clock);
        Context = new ConnectionContext(
            Access, Admission, Contents, new BandwidthLimiter(Clock), new SendBudget(), new TransferMetrics(0), Uploads.Enqueue,
            new SentenceLogger(LogLevel.Debug, Log.Enqueue), Clock);
    }

    private protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private protected AccessGuard Access { get; }

    private protected Admission Admission { get; } = new(new ConnectionLimits());

    private protected FakeLookup Contents { get; } = new();

    private protected ConnectionContext Context { get; }

    private protected ConcurrentQueue<UploadRecord> Uploads { get; } = [];

    private protected ConcurrentQueue<string> Log { get; } = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var (connection, running, remote) in _running)
        {
            connection.Dispose();
            await remote.DisposeAsync();
            await running.WaitAsync(Limit);
        }

        _key.ECDsa.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static RemotePeer Remote(byte number) =>
        new(Hash256.Compute([number]), Hash256.Compute([number, number]), new IPEndPoint(IPAddress.Loopback, 1000 + number));

    /// <summary>A connection that runs, and its other end.</summary>
    private protected (PeerConnection Connection, RawPeer Remote, Task Running) Run(bool isDialled = false, bool isBulk = false, int buffered = 16 * 1024 * 1024)
    {
        var (near, far) = DuplexStream.CreatePair(buffered);
        var connection = new PeerConnection(Context, near, Remote(2), isDialled, isBulk);
        var remote = new RawPeer(far);
        return (connection, remote, Track(connection, remote));
    }

    /// <summary>Runs a connection, and ends it with the test.</summary>
    private protected Task Track(PeerConnection connection, RawPeer remote)
    {
        var running = connection.RunAsync();
        _running.Add((connection, running, remote));
        return running;
    }

    /// <summary>A connection that does not run, for messages that are handled one by one.</summary>
    private protected PeerConnection Idle(bool isDialled = false) =>
        new(Context, DuplexStream.CreatePair().Near, Remote(2), isDialled, isBulk: false);

    private protected string Issue(Ticket ticket) => new TicketIssuer(Tracker, _key).Issue(ticket, Clock.GetUtcNow());

    /// <summary>A ticket of the other side for a content.</summary>
    private protected Ticket TicketFor(IServedContent content, TimeSpan? lifetime = null) => new(
        UserId, Group.Id, SessionId, User, Group.Name, [content.PiecesRoot], Remote(2).CertificateHash, Clock.GetUtcNow() + (lifetime ?? TimeSpan.FromMinutes(10)))
    {
        Issued = Clock.GetUtcNow(),
    };

    /// <summary>The revocation of the other side's tickets for a group, as of now.</summary>
    private protected Revocation RevocationFor(GroupIdentity group) => new(1, group.Id, UserId, SessionId: null, Clock.GetUtcNow());

    /// <summary>The other side says hello and opens a channel, whose bitfield is read.</summary>
    private protected async Task<ContentChannel> GreetAndOpenAsync(PeerConnection connection, RawPeer remote, FakeContent content, uint channel = 1)
    {
        Contents.Offer(content, Group);
        await remote.SendHelloAsync(Issue(TicketFor(content)));
        await remote.OpenAsync(channel, content.PiecesRoot);
        var (id, _) = (await remote.ReceiveAsync())!.Value;
        Assert.True(id is MessageId.HaveAll or MessageId.HaveNone or MessageId.Bitfield);
        return connection.Find(channel)!;
    }

    /// <summary>The other side as a look-up named it that this side made before it knew any revocation.</summary>
    private protected ListedSource Listed(TimeSpan? lifetime = null) => new(UserId, SessionId, Clock.GetUtcNow() + (lifetime ?? TimeSpan.FromMinutes(10)), RevocationsKnown: 0);

    private string KeySet()
    {
        var point = _key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return $$"""{"keys":[{"kty":"EC","crv":"P-256","kid":"key","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}]}""";
    }

    private protected sealed class FakeLookup : IContentLookup
    {
        private readonly ConcurrentDictionary<(Hash256 Root, Guid Group), IServedContent> _contents = new();

        public ConcurrentQueue<(IServedContent Content, Exception Problem)> Unreadable { get; } = [];

        public void Offer(IServedContent content, GroupIdentity group) => _contents[(content.PiecesRoot, group.Id)] = content;

        public void Withdraw(IServedContent content, GroupIdentity group) => _contents.TryRemove((content.PiecesRoot, group.Id), out _);

        public IServedContent? Find(Hash256 piecesRoot, Guid group) => _contents.GetValueOrDefault((piecesRoot, group));

        public void ReadWhole(IReadOnlyList<WholeContent> contents)
        {
            foreach (var content in contents)
            {
                try
                {
                    content.Content.Read(0, content.Buffer.Span);
                    content.IsRead = true;
                }
                catch (P2PShareException e)
                {
                    ReportUnreadable(content.Content, e);
                }
            }
        }

        public void ReportUnreadable(IServedContent content, Exception problem) => Unreadable.Enqueue((content, problem));
    }
}
