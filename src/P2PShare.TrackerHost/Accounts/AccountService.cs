using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Access;
using P2PShare.TrackerHost.Configuration;
using P2PShare.TrackerHost.Observability;
using P2PShare.TrackerHost.Peers;
using P2PShare.TrackerHost.Storage;
using P2PShare.TrackerHost.Tickets;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>The rules of registration, logins and passwords: what a password must be, and what checking one costs.</summary>
internal sealed class AccountService(
    TrackerDatabase database,
    UserService users,
    InvitationService invitations,
    SessionService sessions,
    UserSessionOptions sessionOptions,
    PasswordWorkers workers,
    LoginThrottle throttle,
    Audit audit,
    AccountOptions options,
    TimeProvider clock)
{
    public const int MinPasswordLength = 8;
    public const int MaxPasswordLength = 256;

    private const long NoUser = -1;

    // When a user has one more than allowed, there is one; after the setting was lowered there may be many.
    private const int MaxSessionsEndedAtOnce = 16;

    // Checked if there is no such user, so that the answer takes as long.
    private readonly string _dummyHash = PasswordHash.Compute(Guid.NewGuid().ToString(), options.PasswordIterations);

    private long _roundsVerified;

    /// <summary>Rounds of hashing spent on checking passwords so far: what a login costs.</summary>
    public long RoundsVerified => Interlocked.Read(ref _roundsVerified);

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.RegistrationClosed"/>, <see cref="ErrorCode.InvalidInvitation"/>, <see cref="ErrorCode.InvalidUserName"/>,
    /// <see cref="ErrorCode.InvalidPassword"/> or <see cref="ErrorCode.UserNameTaken"/>.
    /// </exception>
    public async Task CreateAsync(CreateUserRequest request, IPAddress address, CancellationToken cancellationToken)
    {
        // First: a caller without a right to an account must not learn which names are taken.
        var invitation = await RequireRegistrationAllowed(request.Invitation, address, cancellationToken);
        var (name, password) = (request.UserName, request.Password);
        AccountName.CheckUser(name);
        password = PreparePassword(name, password);
        if (await users.FindAsync(name, cancellationToken) is not null)
        {
            throw UserService.NameTaken(name);
        }

        await users.CreateAsync(name, await HashAsync(password, address, isKnown: false, cancellationToken), invitation, cancellationToken);
        audit.Write(AuditAct.UserMade, address, name);
        if (invitation is not null)
        {
            audit.Write(AuditAct.InvitationUsed, address, name, subject: InvitationStore.IdOf(invitation));
        }
    }

    /// <summary>Checks a password; <see cref="SessionService.OpenAsync"/> opens the session.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.WrongCredentials"/>, for an unknown user as for a wrong password.</exception>
    /// <exception cref="TooManyAttemptsException">Too many wrong ones so far.</exception>
    public async Task<StoredUser> LogInAsync(string name, string password, IPAddress address, CancellationToken cancellationToken)
    {
        var user = await VerifyAsync(name, password, "The user name or the password is wrong.", address, cancellationToken);
        // A password of before that cannot be prepared stays as it is.
        if ((PasswordHash.IterationsOf(user.PasswordHash) >= options.PasswordIterations && user.PasswordPrepared == 1)
            || OpaqueString.Prepare(password).Prepared is not { } prepared)
        {
            return user;
        }

        var stronger = await HashAsync(prepared, address, isKnown: true, cancellationToken);
        await database.WriteAsync(connection => UserStore.ChangeHashAsync(connection, user.Id, user.PasswordHash, stronger), cancellationToken);
        return user with { PasswordHash = stronger };
    }

    /// <summary>
    /// Opens a session. If the user has more than one user may, those that were not used for longest end as if they had logged out.
    /// </summary>
    /// <param name="user">As <see cref="LogInAsync"/> returned it.</param>
    /// <returns>Null if the password is another one by now, or the user is gone.</returns>
    public async Task<(string Token, Guid Id, DateTimeOffset Expires)?> OpenSessionAsync(StoredUser user, IPAddress address, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var hash = SecretToken.HashOf(token);
        var id = Guid.NewGuid();
        var now = clock.GetUtcNow();
        var ended = await database.WriteAsync(
            [WriteLock.User(user.Name)],
            async connection =>
            {
                if (!await SessionStore.AddAsync(connection, hash, id, user.Id, user.PasswordHash, now))
                {
                    return null;
                }

                await LoginNetworkStore.AddAsync(connection, user.Id, address.Network(), now);
                var excess = await SessionStore.FindExcessAsync(connection, user.Id, hash, sessionOptions.SessionsPerUser - 1, MaxSessionsEndedAtOnce);
                foreach (var (tokenHash, session) in excess)
                {
                    await RevocationStore.AddAsync(connection, user.UserId, session, now);
                    await SessionEnd.EndAsync(connection, user.Id, tokenHash);
                }

                return excess;
            },
            cancellationToken);
        if (ended is null)
        {
            return null;
        }

        foreach (var (_, session) in ended)
        {
            audit.Write(AuditAct.SessionEnded, address, user.Name, subject: session.ToString("D"));
        }

        return (token, id, sessions.ExpiryOf(now.ToUnixTimeSeconds()));
    }

    /// <summary>Ends a session, and with it the peers that it announced and the tickets that it asked for.</summary>
    public Task LogOutAsync(CurrentUser user, CancellationToken cancellationToken) => database.WriteAsync(
        [WriteLock.User(user.Name)],
        async connection =>
        {
            await RevocationStore.AddAsync(connection, user.UserId, user.SessionId, clock.GetUtcNow());
            await SessionEnd.EndAsync(connection, user.Id, user.SessionHash);
        },
        cancellationToken);

    /// <summary>Checks a change of one's own password: it costs and counts as a login does.</summary>
    /// <returns>The current password as it is stored, and the new one as it is to be.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidPassword"/> of the new one, or <see cref="ErrorCode.WrongCredentials"/> if the current one is wrong.
    /// </exception>
    /// <exception cref="TooManyAttemptsException">Too many wrong ones so far.</exception>
    public async Task<(string OldHash, string NewHash)> CheckChangeAsync(
        string name, string current, string next, IPAddress address, CancellationToken cancellationToken)
    {
        next = PreparePassword(name, next);
        var user = await VerifyAsync(name, current, "The current password is wrong.", address, cancellationToken);
        return (user.PasswordHash, await HashAsync(next, address, isKnown: true, cancellationToken));
    }

    /// <summary>
    /// Changes the password of a session's user. Every session of the user ends, and every ticket; the peers that this one announced
    /// continue under the new session that is returned.
    /// </summary>
    /// <param name="oldHash">The current password as it was checked.</param>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.NotLoggedIn"/> or <see cref="ErrorCode.WrongCredentials"/>: the session ended, or the password was changed, meanwhile.
    /// </exception>
    public async Task<(string Token, Guid SessionId, DateTimeOffset Expires)> ChangePasswordAsync(
        CurrentUser user, string oldHash, string newHash, CancellationToken cancellationToken)
    {
        var token = SecretToken.New();
        var hash = SecretToken.HashOf(token);
        var session = Guid.NewGuid();
        var now = clock.GetUtcNow();
        await database.WriteAsync(
            [WriteLock.User(user.Name)],
            async connection =>
            {
                await SessionService.RequireAsync(connection, user);
                if (!await UserStore.ChangeHashAsync(connection, user.Id, oldHash, newHash))
                {
                    throw new P2PShareException(ErrorCode.WrongCredentials, "The password was changed by another request meanwhile.");
                }

                await SessionStore.AddAsync(connection, hash, session, user.Id, newHash, now);
                await PeerStore.MoveToSessionAsync(connection, user.SessionHash, hash);
                await SessionEnd.EndAllAsync(connection, user.Id, kept: hash);
                await RevocationStore.AddAsync(connection, user.UserId, session: null, now);
            },
            cancellationToken);
        return (token, session, sessions.ExpiryOf(now.ToUnixTimeSeconds()));
    }

    /// <returns>Hash of the invitation's token; null if none is needed.</returns>
    private async Task<string?> RequireRegistrationAllowed(string? invitation, IPAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return options.Registration switch
            {
                RegistrationMode.Open => null,
                RegistrationMode.Invitation => await invitations.RequireAsync(invitation, cancellationToken),
                _ => throw new P2PShareException(
                    ErrorCode.RegistrationClosed, "At this tracker only its operator creates accounts: ask the operator for one."),
            };
        }
        catch (P2PShareException e) when (e.Code is ErrorCode.RegistrationClosed or ErrorCode.InvalidInvitation)
        {
            audit.Write(AuditAct.RegistrationRefused, address);
            throw;
        }
    }

    private Task<StoredUser> VerifyAsync(string name, string password, string wrong, IPAddress address, CancellationToken cancellationToken) =>
        AuditThrottledAsync(address, () => CheckAsync(name, password, wrong, address, cancellationToken));

    private Task<string> HashAsync(string password, IPAddress address, bool isKnown, CancellationToken cancellationToken) => AuditThrottledAsync(
        address,
        () => workers.RunAsync(
            address, isKnown, () => PasswordWorkers.HashAsync(() => PasswordHash.Compute(password, options.PasswordIterations)), cancellationToken));

    private async Task<T> AuditThrottledAsync<T>(IPAddress address, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (TooManyAttemptsException)
        {
            audit.Throttled(address, "passwords");
            throw;
        }
    }

    private async Task<StoredUser> CheckAsync(
        string name, string password, string wrong, IPAddress address, CancellationToken cancellationToken)
    {
        var account = AccountName.FindProblem(name) is null ? AccountName.Key(name) : "?";
        await throttle.CheckAsync(account, address, cancellationToken);
        var user = await users.FindAsync(name, cancellationToken);
        var isOld = user?.PasswordPrepared == 0;
        var prepared = OpaqueString.Prepare(password).Prepared;
        // Also for no user: a look-up less would show in the time.
        var isKnown = await database.ReadAsync(
            connection => LoginNetworkStore.IsKnownAsync(connection, user?.Id ?? NoUser, address.Network(), clock.GetUtcNow()), cancellationToken);
        var isRight = await workers.RunAsync(
            address,
            isKnown,
            async () =>
            {
                // Once more: attempts that came together with this one may have failed while it waited.
                await throttle.CheckAsync(account, address, cancellationToken);
                // What is hashed depends on the password alone, not on whether there is such a user, and of which kind.
                var verified = prepared is not null && await VerifyAsync(prepared, user);
                if (prepared != password)
                {
                    verified |= await VerifyAsync(password, user) && isOld;
                }

                if (!verified)
                {
                    // Counts even if the caller no longer waits for the answer.
                    await throttle.AddFailureAsync(account, address, CancellationToken.None);
                    audit.Write(AuditAct.PasswordWrong, address, user?.Name);
                }

                return verified;
            },
            cancellationToken);
        return isRight ? user! : throw new P2PShareException(ErrorCode.WrongCredentials, wrong);
    }

    private async Task<bool> VerifyAsync(string password, StoredUser? user)
    {
        var hash = user?.PasswordHash ?? _dummyHash;
        Interlocked.Add(ref _roundsVerified, PasswordHash.IterationsOf(hash));
        return await PasswordWorkers.HashAsync(() => PasswordHash.Verify(password, hash)) && user is not null;
    }

    /// <summary>Checks a new password.</summary>
    /// <returns>As it is hashed: <see cref="OpaqueString"/>.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidPassword"/>.</exception>
    public static string PreparePassword(string name, string password)
    {
        if (password.Length is < MinPasswordLength or > MaxPasswordLength)
        {
            throw Invalid($"A password has {MinPasswordLength} to {MaxPasswordLength} characters, this one has {password.Length}.");
        }

        var (prepared, problem) = OpaqueString.Prepare(password);
        if (prepared is null)
        {
            throw Invalid(problem!);
        }

        if (prepared.Length < MinPasswordLength)
        {
            throw Invalid($"A password has at least {MinPasswordLength} characters, this one has {prepared.Length} once its accents are part of their letters.");
        }

        return prepared.Equals(name, StringComparison.OrdinalIgnoreCase)
            ? throw Invalid("The password is the user name: choose one that nobody guesses first.")
            : prepared;
    }

    private static P2PShareException Invalid(string problem) => new(ErrorCode.InvalidPassword, problem);
}
