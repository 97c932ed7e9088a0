using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rules of accounts: what a password must be, and what checking one costs.</summary>
internal sealed class AccountService(UserStore users, PasswordWorkers workers, LoginThrottle throttle, TrackerOptions options)
{
    public const int MinPasswordLength = 8;
    public const int MaxPasswordLength = 256;

    // Compared with where there is no such user, so that the answer takes as long.
    private readonly string _nobody = PasswordHash.Compute(Guid.NewGuid().ToString(), options.PasswordIterations);

    private long _roundsVerified;

    /// <summary>Rounds of hashing spent on checking passwords so far: what a login costs.</summary>
    public long RoundsVerified => Interlocked.Read(ref _roundsVerified);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidUserName"/>, <see cref="ErrorCode.InvalidPassword"/> or <see cref="ErrorCode.UserNameTaken"/>.
    /// </exception>
    public async Task CreateAsync(string name, string password, CancellationToken cancellationToken)
    {
        AccountName.CheckUser(name);
        CheckPassword(name, password);
        if (await users.FindAsync(name, cancellationToken) is not null)
        {
            throw UserStore.Taken(name);
        }

        var hash = await workers.RunAsync(() => PasswordHash.Compute(password, options.PasswordIterations), cancellationToken);
        await users.CreateAsync(name, hash, cancellationToken);
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.WrongCredentials"/>, for an unknown user as for a wrong password.</exception>
    /// <exception cref="TooManyAttemptsException">Too many wrong ones so far.</exception>
    public async Task<StoredUser> LogInAsync(string name, string password, IPAddress address, CancellationToken cancellationToken)
    {
        var account = AccountName.FindProblem(name) is null ? AccountName.Key(name) : "?";
        throttle.Check(account, address);
        var user = await users.FindAsync(name, cancellationToken);
        var right = await workers.RunAsync(
            () =>
            {
                // Once more: those that came together with this one may have failed while it waited.
                throttle.Check(account, address);
                var hash = user?.PasswordHash ?? _nobody;
                var verified = PasswordHash.Verify(password, hash) && user is not null;
                Interlocked.Add(ref _roundsVerified, PasswordHash.IterationsOf(hash));
                if (!verified)
                {
                    throttle.AddFailure(account, address);
                }

                return verified;
            },
            cancellationToken);
        if (!right)
        {
            throw new P2PShareException(ErrorCode.WrongCredentials, "The user name or the password is wrong.");
        }

        if (PasswordHash.IterationsOf(user!.PasswordHash) < options.PasswordIterations)
        {
            var stronger = await workers.RunAsync(() => PasswordHash.Compute(password, options.PasswordIterations), cancellationToken);
            await users.ChangeHashAsync(user.Id, user.PasswordHash, stronger, cancellationToken);
        }

        return user;
    }

    private static void CheckPassword(string name, string password)
    {
        var problem = password.Length is < MinPasswordLength or > MaxPasswordLength
            ? $"A password has {MinPasswordLength} to {MaxPasswordLength} characters, this one has {password.Length}."
            : password.Equals(name, StringComparison.OrdinalIgnoreCase)
                ? "The password is the user name: choose one that nobody guesses first."
                : null;
        if (problem is not null)
        {
            throw new P2PShareException(ErrorCode.InvalidPassword, problem);
        }
    }
}
