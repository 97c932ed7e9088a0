using System.Net;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Unit.TrackerHost;

public sealed class PasswordHashTests
{
    [Fact]
    public void By_default_a_hash_has_the_rounds_that_OWASP_asks_for()
    {
        var hash = PasswordHash.Compute(TestPassword.Text, new AccountOptions().PasswordIterations);

        Assert.StartsWith("pbkdf2-sha512$210000$", hash, StringComparison.Ordinal);
        Assert.True(PasswordHash.Verify(TestPassword.Text, hash));
        Assert.False(PasswordHash.Verify("Correct horse", hash));
    }

    [Fact]
    public void Equal_passwords_have_different_hashes() =>
        Assert.NotEqual(PasswordHash.Compute(TestPassword.Text, 1000), PasswordHash.Compute(TestPassword.Text, 1000));

    [Fact]
    public async Task Passwords_beyond_the_queue_are_refused_with_a_time_to_retry()
    {
        var workers = new PasswordWorkers(new AccountOptions { PasswordHashesAtOnce = 1, PasswordQueueLength = 1 });
        var (here, there) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));
        using var begun = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var first = workers.RunAsync(
            here,
            isKnown: false,
            () => PasswordWorkers.HashAsync(() =>
            {
                begun.Set();
                return finish.Wait(TimeSpan.FromSeconds(30));
            }),
            CancellationToken.None);
        Assert.True(begun.Wait(TimeSpan.FromSeconds(30)));
        var second = workers.RunAsync(here, isKnown: false, () => Task.FromResult(2), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<TooManyAttemptsException>(() => workers.RunAsync(there, isKnown: false, () => Task.FromResult(3), CancellationToken.None));

        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        finish.Set();
        Assert.True(await first);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task A_password_whose_caller_is_gone_is_not_hashed()
    {
        var workers = new PasswordWorkers(new AccountOptions());
        var hashed = false;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => workers.RunAsync(IPAddress.Loopback, isKnown: false, () => Task.FromResult(hashed = true), new CancellationToken(canceled: true)));

        Assert.False(hashed);
    }
}
