using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Integration.Transfer;

/// <summary>A tracker carries out a write and is lost before its response: the write is repeated at the next one, and the caller sees one success.</summary>
public sealed class RepeatedWriteTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private TestTracker _first = null!;
    private TestTracker _second = null!;
    private AnswerThief _thief = null!;
    private TrackerSession _client = null!;
    private TestUser _bob = null!;

    public async Task InitializeAsync()
    {
        _first = await TestTracker.StartAsync();
        _second = await TestTracker.StartBesideAsync(_first);
        _thief = AnswerThief.StandBefore(_first.Address);
        _client = NewClient();
        await _client.CreateUserAsync("alice", TestPassword.Secure(), CancellationToken.None);
        await _client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
        await _client.CreateGroupAsync("dev", CancellationToken.None);
        _bob = await TestUser.CreateAsync(_second, "bob");
    }

    public async Task DisposeAsync()
    {
        _bob.Dispose();
        _client.Dispose();
        await _thief.DisposeAsync();
        await _second.DisposeAsync();
        await _first.DisposeAsync();
    }

    [Fact]
    public async Task A_user_is_created_once()
    {
        await LoseAnswerAsync(() => _client.CreateUserAsync("carol", TestPassword.Secure("carols secret"), CancellationToken.None), "users WHERE name = 'carol'");

        await _client.LoginAsync("carol", TestPassword.Secure("carols secret"), CancellationToken.None);
        Assert.Equal(1, await _second.CountAsync("sessions s JOIN users u ON u.id = s.user_id WHERE u.name = 'carol'"));
    }

    [Fact]
    public async Task Another_persons_user_is_not_taken_for_the_new_one()
    {
        await FailsAsync(
            ErrorCode.UserNameTaken,
            () => LoseAnswerAsync(() => _client.CreateUserAsync("bob", TestPassword.Secure("another secret"), CancellationToken.None), "users WHERE name = 'bob'"));
    }

    [Fact]
    public async Task A_password_is_changed_and_the_session_continues()
    {
        var before = await _second.Database.ReadAsync(
            connection => connection.ExecuteScalarAsync<string>("SELECT password_hash FROM users WHERE name = 'alice'"), CancellationToken.None);
        await LoseAnswerAsync(
            () => _client.ChangePasswordAsync(TestPassword.Secure(), TestPassword.Secure("a new secret"), CancellationToken.None),
            $"users WHERE name = 'alice' AND password_hash <> '{before}'");

        Assert.Single(await _client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
        await _client.LoginAsync("alice", TestPassword.Secure("a new secret"), CancellationToken.None);
    }

    [Fact]
    public async Task A_session_is_ended()
    {
        await LoseAnswerAsync(() => _client.LogoutAsync(CancellationToken.None), "users WHERE name = 'alice' AND id NOT IN (SELECT user_id FROM sessions)");

        Assert.False(_client.IsLoggedIn);
    }

    [Fact]
    public async Task The_error_of_a_user_deletion_names_the_likely_outcome()
    {
        await _client.RemoveGroupAsync("dev", CancellationToken.None);

        var unsure = await FailsAsync(ErrorCode.NotLoggedIn, () => LoseAnswerAsync(
            () => _client.RemoveUserAsync(CancellationToken.None), "users WHERE name = 'bob' AND 'alice' NOT IN (SELECT name FROM users)"));

        Assert.Contains("most likely", unsure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_is_created_once()
    {
        var made = await LoseAnswerAsync(() => _client.CreateGroupAsync("ops", CancellationToken.None), "groups WHERE name = 'ops'");

        Assert.Equal(("ops", "alice", GroupRole.Owner), (made.Name, made.Owner, made.Role));
    }

    [Fact]
    public async Task A_group_from_before_is_not_taken_for_a_new_one()
    {
        await _second.ExecuteAsync("UPDATE all_groups SET created = created - 60");
        await _bob.CreateGroupAsync("bobs");

        foreach (var group in new[] { "dev", "bobs" })
        {
            using var client = NewClient();
            await client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
            await FailsAsync(
                ErrorCode.GroupNameTaken, () => LoseAnswerAsync(() => client.CreateGroupAsync(group, CancellationToken.None), $"groups WHERE name = '{group}'"));
        }
    }

    [Fact]
    public async Task A_group_is_deleted()
    {
        await LoseAnswerAsync(() => _client.RemoveGroupAsync("dev", CancellationToken.None), "users WHERE name = 'alice' AND NOT EXISTS (SELECT 1 FROM groups)");

        Assert.Empty(await _client.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
    }

    [Fact]
    public async Task A_group_is_handed_over()
    {
        await LetBobInAsync();

        var handed = await LoseAnswerAsync(
            () => _client.SetGroupOwnerAsync("dev", "BOB", CancellationToken.None), "groups g JOIN users u ON u.id = g.owner_id WHERE u.name = 'bob'");

        Assert.Equal(("bob", GroupRole.Member), (handed.Owner, handed.Role));
    }

    [Fact]
    public async Task The_group_of_another_owner_is_not_handed_over()
    {
        await _bob.CreateGroupAsync("bobs");

        await FailsAsync(ErrorCode.NotOwner, () => LoseAnswerAsync(() => _client.SetGroupOwnerAsync("bobs", "alice", CancellationToken.None), "groups WHERE name = 'bobs'"));
    }

    [Fact]
    public async Task A_member_is_taken_out()
    {
        await LetBobInAsync();

        await LoseAnswerAsync(() => _client.RemoveMemberAsync("dev", "bob", CancellationToken.None), "users WHERE name = 'bob' AND id NOT IN (SELECT user_id FROM members)");
    }

    [Fact]
    public async Task A_join_request_is_made_once()
    {
        await _bob.CreateGroupAsync("bobs");

        var asked = await LoseAnswerAsync(() => _client.RequestJoinAsync("bobs", CancellationToken.None), "join_requests");

        Assert.Equal(("bobs", "alice"), (asked.Group, asked.UserName));
        Assert.Equal(1, await _second.CountAsync("join_requests"));
    }

    [Fact]
    public async Task A_join_request_that_is_approved_while_its_response_is_lost_succeeds()
    {
        await _bob.CreateGroupAsync("bobs");
        _thief.Keep();
        var asking = _client.RequestJoinAsync("bobs", CancellationToken.None);
        await UntilAsync("join_requests");
        await _bob.PostAsync(TrackerRoutes.Approval("bobs", "alice"));
        await _thief.CutAsync();

        var asked = await asking.WaitAsync(Limit);

        Assert.Equal(("bobs", "alice"), (asked.Group, asked.UserName));
    }

    [Fact]
    public async Task A_join_request_of_an_earlier_member_is_an_error()
    {
        await _second.ExecuteAsync("UPDATE members SET joined = joined - 60");

        await FailsAsync(ErrorCode.AlreadyMember, () => LoseAnswerAsync(() => _client.RequestJoinAsync("dev", CancellationToken.None), "groups"));
    }

    [Fact]
    public async Task A_request_is_approved()
    {
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await LoseAnswerAsync(() => _client.ApproveJoinAsync("dev", "bob", CancellationToken.None), "members m JOIN users u ON u.id = m.user_id WHERE u.name = 'bob'");
    }

    [Fact]
    public async Task A_request_that_nobody_made_is_not_approved()
    {
        await FailsAsync(
            ErrorCode.JoinRequestNotFound, () => LoseAnswerAsync(() => _client.ApproveJoinAsync("dev", "bob", CancellationToken.None), "users WHERE name = 'bob'"));
    }

    [Fact]
    public async Task A_request_is_denied()
    {
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await LoseAnswerAsync(() => _client.DenyJoinAsync("dev", "bob", CancellationToken.None), "groups WHERE NOT EXISTS (SELECT 1 FROM join_requests)");
    }

    [Fact]
    public async Task A_group_is_left()
    {
        await LetBobInAsync();
        await _client.SetGroupOwnerAsync("dev", "bob", CancellationToken.None);

        await LoseAnswerAsync(() => _client.LeaveGroupAsync("dev", CancellationToken.None), "users WHERE name = 'alice' AND id NOT IN (SELECT user_id FROM members)");
    }

    [Fact]
    public async Task A_file_is_shared_replaced_and_shared_no_more()
    {
        foreach (var root in new[] { TestUser.RandomHash(), TestUser.RandomHash() })
        {
            using var client = await LoggedInAsync();
            var shared = await LoseAnswerAsync(
                () => client.ShareFileAsync("dev", new ShareFileRequest("file", 100_000, 65536, root, Replace: true), CancellationToken.None),
                $"files WHERE pieces_root = '{root}'");
            Assert.Equal(("file", root), (shared.Name, shared.PiecesRoot));
        }

        using var other = await LoggedInAsync();
        await LoseAnswerAsync(() => other.WithdrawFilesAsync("dev", ["file"], CancellationToken.None), "groups WHERE NOT EXISTS (SELECT 1 FROM files)");
        Assert.Equal(3, await _second.CountAsync("events WHERE file_name = 'file'"));
    }

    private static async Task<P2PShareException> FailsAsync(string code, Func<Task> act)
    {
        var failure = await Assert.ThrowsAsync<P2PShareException>(act);
        Assert.Equal(code, failure.Code);
        return failure;
    }

    private TrackerSession NewClient() => new(
        [new TrackerAddress("127.0.0.1", _thief.Port, _first.Address.Fingerprint), _second.Address], new KnownTrackers(Path.GetRandomFileName()));

    private async Task<TrackerSession> LoggedInAsync()
    {
        var client = NewClient();
        await client.LoginAsync("alice", TestPassword.Secure(), CancellationToken.None);
        return client;
    }

    private async Task LetBobInAsync()
    {
        await _bob.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await _client.ApproveJoinAsync("dev", "bob", CancellationToken.None);
    }

    private async Task LoseAnswerAsync(Func<Task> act, string done) => await LoseAnswerAsync(
        async () =>
        {
            await act();
            return true;
        },
        done);

    /// <param name="done">Counts a row as soon as the first tracker has carried out the write.</param>
    private async Task<T> LoseAnswerAsync<T>(Func<Task<T>> act, string done)
    {
        _thief.Keep();
        var acting = act();
        await UntilAsync(done);
        await _thief.CutAsync();
        return await acting.WaitAsync(Limit);
    }

    private Task UntilAsync(string done) => Eventually.HoldsAsync(async () => await _second.CountAsync(done) > 0, $"done: {done}");
}
