using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

public sealed class TrackerSessionTests
{
    private const string Old = TestPassword.Text;
    private const string New = "\"battery\" stäple \\ 😀";

    [Fact]
    public async Task The_session_continues_after_a_change_of_the_password()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var client = await ConnectAsync(tracker);

        await client.ChangePasswordAsync(TestPassword.Secure(Old), TestPassword.Secure(New), CancellationToken.None);

        Assert.Empty(await client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
        using var again = NewClient(tracker);
        await again.LoginAsync("alice", TestPassword.Secure(New), CancellationToken.None);
    }

    [Fact]
    public async Task Requests_that_a_change_overtakes_do_not_fail()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var client = await ConnectAsync(tracker);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var fingerprint = Hash256.Compute(key.ExportSubjectPublicKeyInfo());
        AnnounceRequest Announce() =>
            new(fingerprint, 5000, [], Full: true, [], [], RevocationsAfter: 0, FingerprintProof.Make(key, client.TrackerId, client.SessionId));
        await client.AnnounceAsync(Announce(), CancellationToken.None);
        using var end = new CancellationTokenSource();
        var asked = 0;
        var busy = Enumerable.Range(0, 8).Select(async i =>
        {
            while (!end.IsCancellationRequested)
            {
                await client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync();
                await client.AnnounceAsync(Announce(), CancellationToken.None);
                Interlocked.Increment(ref asked);
            }
        }).ToList();

        var (current, next) = (Old, New);
        for (var i = 0; i < 20; i++)
        {
            await client.ChangePasswordAsync(TestPassword.Secure(current), TestPassword.Secure(next), CancellationToken.None);
            (current, next) = (next, current);
        }

        await end.CancelAsync();
        await Task.WhenAll(busy);
        Assert.True(asked > 0);
    }

    [Fact]
    public async Task A_change_that_is_refused_leaves_the_session_as_it_was()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var client = await ConnectAsync(tracker);

        var wrong = await Assert.ThrowsAsync<P2PShareException>(
            () => client.ChangePasswordAsync(TestPassword.Secure("something else"), TestPassword.Secure(New), CancellationToken.None));

        Assert.Equal(ErrorCode.WrongCredentials, wrong.Code);
        Assert.Empty(await client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
    }

    [Fact]
    public async Task The_error_of_a_session_that_was_ended_elsewhere_names_the_cause()
    {
        await using var tracker = await TestTracker.StartAsync();
        using var client = await ConnectAsync(tracker);
        using var elsewhere = NewClient(tracker);
        await elsewhere.LoginAsync("alice", TestPassword.Secure(Old), CancellationToken.None);
        await elsewhere.ChangePasswordAsync(TestPassword.Secure(Old), TestPassword.Secure(New), CancellationToken.None);

        foreach (var request in new Func<Task>[]
        {
            () => client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync(),
            () => client.ChangePasswordAsync(TestPassword.Secure(New), TestPassword.Secure(Old), CancellationToken.None),
        })
        {
            var over = await Assert.ThrowsAsync<P2PShareException>(request);
            Assert.Equal(ErrorCode.NotLoggedIn, over.Code);
            Assert.Contains("Log in again", over.Message, StringComparison.Ordinal);
        }
    }

    private static TrackerSession NewClient(TestTracker tracker) => new([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));

    private static async Task<TrackerSession> ConnectAsync(TestTracker tracker)
    {
        var client = NewClient(tracker);
        await client.CreateUserAsync("alice", TestPassword.Secure(Old), CancellationToken.None);
        await client.LoginAsync("alice", TestPassword.Secure(Old), CancellationToken.None);
        return client;
    }
}
