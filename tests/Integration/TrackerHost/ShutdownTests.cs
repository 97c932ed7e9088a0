using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

public sealed class ShutdownTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestDatabase.DropAsync(_folder.Combine("data"));

    public void Dispose() => _folder.Dispose();

    [TrackerFact]
    public async Task Under_load_every_request_is_answered_or_was_never_accepted()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // No signals from one process to another there.
        }

        var tracker = await TrackerProcess.StartAsync(_folder.Path);
        await using var first = tracker;
        using var alice = await TestUser.CreateAsync(tracker.Address, "alice");
        await alice.CreateGroupAsync("dev");
        using var watch = new HttpRequestMessage(HttpMethod.Get, TrackerRoutes.Events);
        using var stream = await alice.SendAsync(watch, HttpCompletionOption.ResponseHeadersRead);
        var (answered, unanswered) = (new ConcurrentBag<string>(), new ConcurrentBag<string>());
        var enough = new TaskCompletionSource();
        var writers = Enumerable.Range(0, 16).Select(async writer =>
        {
            // Each on a connection of its own; some over HTTP/1.1.
            using var user = TestUser.Stranger(tracker.Address);
            user.UseToken(alice.Session.Token);
            for (var i = 0; ; i++)
            {
                var name = $"{writer}/{i}";
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, TrackerRoutes.Files("dev"))
                    {
                        Version = writer % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20,
                        Content = new StringContent(
                            $$"""{"name":"{{name}}","size":100000,"pieceLength":65536,"piecesRoot":"{{TestUser.RandomHash()}}"}""", Encoding.UTF8, "application/json"),
                    };
                    using var answer = await user.SendAsync(request);
                    await user.Expect(HttpStatusCode.Created, answer);
                    answered.Add(name);
                    if (answered.Count >= 100)
                    {
                        enough.TrySetResult();
                    }
                }
                catch (HttpRequestException)
                {
                    unanswered.Add(name);
                    return;
                }
            }
        }).ToArray();
        await Task.WhenAny(enough.Task, Task.WhenAll(writers)).WaitAsync(TimeSpan.FromSeconds(60));

        var (code, log) = await tracker.SignalAsync(PosixSignal.SIGTERM);
        await Task.WhenAll(writers);

        Assert.Equal(0, code);
        Assert.DoesNotMatch("(?m)^.{0,40}(fail|crit|warn):", log);
        // It was ended, not cut off.
        Assert.Contains("Ready", await stream.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        await using var again = await TrackerProcess.StartAsync(_folder.Path);
        using var same = TestUser.Stranger(again.Address);
        same.UseToken(alice.Session.Token);
        var names = (await same.ListFilesAsync("dev")).Select(file => file.Name).ToHashSet();
        Assert.Equal(16, unanswered.Count);
        Assert.Empty(answered.Except(names));
        Assert.Empty(unanswered.Intersect(names));
    }

    [Fact]
    public async Task Systemd_is_notified_when_it_is_ready_and_when_it_ends()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        var path = _folder.Combine("notify");
        socket.Bind(new UnixDomainSocketEndPoint(path));
        await using var tracker = await TrackerProcess.StartAsync(_folder.Path, $"NOTIFY_SOCKET={path}");

        Assert.Equal("READY=1", await ReceiveAsync(socket));
        await tracker.SignalAsync(PosixSignal.SIGTERM);
        Assert.Equal("STOPPING=1", await ReceiveAsync(socket));
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token));
    }
}
