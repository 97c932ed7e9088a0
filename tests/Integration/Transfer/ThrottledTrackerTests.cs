using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>A tracker that answers 429, or asks for an invitation.</summary>
public sealed class ThrottledTrackerTests
{
    [Fact]
    public async Task The_error_names_the_time_to_try_again()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.RequestsPerMinute = 1);
        using var client = await ConnectAsync(tracker);
        await client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync();

        var refused = await Assert.ThrowsAsync<TooManyAttemptsException>(() => client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());

        Assert.Equal(ErrorCode.TooManyAttempts, refused.Code);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.Contains($"Try again in {refused.RetryAfter.TotalSeconds:0} seconds", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_announces_again_at_the_time_that_the_tracker_named()
    {
        using var log = new LogRecorder();
        await using var tracker = await TestTracker.StartAsync(options => options.AnnouncesPerMinute = 10, log: log);
        using var client = await ConnectAsync(tracker);
        for (var i = 0; i < 10; i++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var proof = FingerprintProof.Make(key, client.TrackerId, client.SessionId);
            await client.AnnounceAsync(
                new AnnounceRequest(Hash256.Compute(proof.PublicKey), 1, [], Full: true, [], [], RevocationsAfter: 0, proof), CancellationToken.None);
        }

        var lost = new TaskCompletionSource<string>();
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var announcer = new Announcer(
            client, Hash256.Compute(own.ExportSubjectPublicKeyInfo()), () => FingerprintProof.Make(own, client.TrackerId, client.SessionId), 1, new AnnounceHandler(), TimeProvider.System, new SentenceLogger(LogLevel.Warning, message => lost.TrySetResult(message)));
        announcer.Hold(Guid.NewGuid(), TestUser.RandomHash(), isComplete: true);
        using var end = new CancellationTokenSource();
        var running = announcer.RunAsync(_ => { }, end.Token);

        Assert.Contains("Too many requests", await lost.Task.WaitAsync(TimeSpan.FromSeconds(20)), StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => await tracker.CountAsync("peers") == 11, "the peer is announced", TimeSpan.FromSeconds(40));


        // One in six seconds is allowed. Without Retry-After it would have tried after one second, three and seven.
        Assert.InRange(log.Lines.Count(line => line.Category.StartsWith("Microsoft.AspNetCore.RateLimiting", StringComparison.Ordinal) && line.Event.Name!.StartsWith("RequestRejected", StringComparison.Ordinal)), 1, 2);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task An_invitation_goes_with_the_new_account()
    {
        await using var tracker = await TestTracker.StartAsync(options => options.Registration = P2PShare.TrackerHost.Configuration.RegistrationMode.Invitation);
        using var client = new TrackerSession([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));
        var (token, _, _) = await new P2PShare.TrackerHost.Accounts.InvitationService(tracker.Database, TimeProvider.System)
            .CreateAsync(1, TimeSpan.FromDays(1), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<P2PShareException>(
            () => client.CreateUserAsync("alice", TestPassword.Secure(), CancellationToken.None));
        Assert.Equal(ErrorCode.InvalidInvitation, refused.Code);
        await client.CreateUserAsync("alice", TestPassword.Secure(), TestPassword.Secure(token), CancellationToken.None);
        await client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
    }

    private static async Task<TrackerSession> ConnectAsync(TestTracker tracker)
    {
        var client = new TrackerSession([tracker.Address], new KnownTrackers(Path.GetRandomFileName()));
        await client.CreateUserAsync("alice", TestPassword.Secure(), CancellationToken.None);
        await client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
        return client;
    }
}
