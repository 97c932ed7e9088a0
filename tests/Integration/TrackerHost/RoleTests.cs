using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Roles: who gives them, what they allow, and what becomes of the files of those who lose theirs.</summary>
public sealed class RoleTests : IAsyncLifetime
{
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private TestUser _owner = null!;
    private TestUser _manager = null!;
    private TestUser _publisher = null!;
    private TestUser _reader = null!;
    private TestUser _outsider = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _owner = await TestUser.CreateAsync(_tracker, "owner");
        _manager = await TestUser.CreateAsync(_tracker, "manager");
        _publisher = await TestUser.CreateAsync(_tracker, "publisher");
        _reader = await TestUser.CreateAsync(_tracker, "reader");
        _outsider = await TestUser.CreateAsync(_tracker, "outsider");
        await _owner.CreateGroupAsync("dev");
        await AddAsync(_owner, _manager, MemberRole.Manager);
        await AddAsync(_manager, _publisher, MemberRole.Publisher);
        await AddAsync(_manager, _reader, MemberRole.Reader);
    }

    public async Task DisposeAsync()
    {
        foreach (var user in new[] { _owner, _manager, _publisher, _reader, _outsider })
        {
            user.Dispose();
        }

        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Each_member_is_listed_with_its_role_and_sees_its_own()
    {
        var members = await _reader.ListAsync<MemberResponse>(ListQuery.All.On(TrackerRoutes.Members("dev")));

        Assert.Equal(
            [("manager", MemberRole.Manager), ("owner", MemberRole.Owner), ("publisher", MemberRole.Publisher), ("reader", MemberRole.Reader)],
            members.Select(member => (member.UserName, member.MemberRole!.Value)));
        Assert.Equal([MemberRole.Owner, MemberRole.Manager, MemberRole.Publisher, MemberRole.Reader, null], await Task.WhenAll(
            new[] { _owner, _manager, _publisher, _reader, _outsider }.Select(async user => (await GetGroupAsync(user)).MemberRole)));
        // As older clients know it.
        Assert.Equal([GroupRole.Member, GroupRole.Owner, GroupRole.Member, GroupRole.Member], members.Select(member => member.Role));
    }

    [TrackerFact]
    public async Task A_reader_shares_nothing_and_withdraws_what_was_shared_before()
    {
        await _reader.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.RoleTooLow, await _reader.ShareAsync("dev", "file", _root));
        await _reader.ExpectProblem(
            HttpStatusCode.Forbidden, ErrorCode.RoleTooLow,
            await _reader.PostAsync(TrackerRoutes.Shares("dev"), new ShareFilesRequest([new ShareFileRequest("file", 0, 65536, null)])));
        Assert.Empty(await _owner.ListFilesAsync("dev"));

        // It serves what it received.
        await _publisher.ShareAsync("dev", "file", _root);
        var announced = await _reader.AnnounceAsync(("dev", _root, Complete: true));
        Assert.Empty(announced.Rejected);
        Assert.Equal(1, Assert.Single(await _owner.ListFilesAsync("dev")).Sources);
    }

    [TrackerFact]
    public async Task What_only_a_demoted_publisher_shared_is_no_file_of_the_group_and_its_name_is_free()
    {
        var other = TestUser.RandomHash();
        await _publisher.ShareAsync("dev", "alone", _root);
        await _publisher.ShareAsync("dev", "both", other);
        await _manager.ShareAsync("dev", "both", other);

        var now = await SetAsync(_owner, _publisher, MemberRole.Reader);

        Assert.Equal(MemberRole.Reader, now.MemberRole);
        Assert.Equal([("both", "manager")], (await _owner.ListFilesAsync("dev")).Select(file => (file.Name, file.Owner)));
        Assert.Equal([other], (await _reader.FindSourcesAsync("dev", _root, other)).Contents.Select(content => content.PiecesRoot));
        await _owner.Expect(HttpStatusCode.Created, await _owner.ShareAsync("dev", "alone", TestUser.RandomHash()));

        // And shares again with the role it had.
        await SetAsync(_owner, _publisher, MemberRole.Publisher);
        await _publisher.Expect(HttpStatusCode.Created, await _publisher.ShareAsync("dev", "again", _root));
        Assert.Equal(["again", "alone", "both"], (await _owner.ListFilesAsync("dev")).Select(file => file.Name).Order(StringComparer.Ordinal));
    }

    [TrackerFact]
    public async Task A_manager_gives_and_ends_only_roles_below_its_own()
    {
        using var second = await TestUser.CreateAsync(_tracker, "second");
        await AddAsync(_owner, second, MemberRole.Manager);

        foreach (var (what, answer) in new (string, Task<HttpResponseMessage>)[]
        {
            ("makes no manager", AddAnswerAsync(_manager, "outsider", MemberRole.Manager)),
            ("promotes nobody to manager", SetAnswerAsync(_manager, "reader", MemberRole.Manager)),
            ("demotes no manager", SetAnswerAsync(_manager, "second", MemberRole.Reader)),
            ("demotes not itself", SetAnswerAsync(_manager, "manager", MemberRole.Reader)),
            ("demotes no owner", SetAnswerAsync(_manager, "owner", MemberRole.Reader)),
            ("removes no manager", _manager.DeleteAsync(TrackerRoutes.Member("dev", "second"))),
        })
        {
            var problem = await _manager.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.RoleTooLow, await answer);
            Assert.True(problem.Detail?.Contains("role above", StringComparison.Ordinal), what);
        }

        await _manager.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.OwnerCannotLeave, await _manager.DeleteAsync(TrackerRoutes.Member("dev", "owner")));
        await _manager.Expect(HttpStatusCode.NoContent, await _manager.DeleteAsync(TrackerRoutes.Member("dev", "reader")));
        await SetAsync(_owner, second, MemberRole.Reader);
        await _owner.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.RoleTooLow, await SetAnswerAsync(_owner, "owner", MemberRole.Manager));
    }

    [TrackerFact]
    public async Task No_role_is_forged()
    {
        foreach (var role in new[] { "\"Owner\"", "4", "0", "7", "\"None\"", "\"Writer\"", "null", "[]" })
        {
            foreach (var path in new[] { TrackerRoutes.Member("dev", "outsider"), TrackerRoutes.MemberRole("dev", "reader") })
            {
                var answer = await _owner.SendAsync(new HttpRequestMessage(HttpMethod.Put, path)
                {
                    Content = new StringContent($"{{\"role\":{role}}}", System.Text.Encoding.UTF8, "application/json"),
                });
                // A member who is added without a role gets the group's.
                if (role == "null" && path == TrackerRoutes.Member("dev", "outsider"))
                {
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                    await _owner.Expect(HttpStatusCode.NoContent, await _owner.DeleteAsync(path));
                    continue;
                }

                await _owner.ExpectProblem(HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, answer);
            }
        }

        await _outsider.PostAsync(TrackerRoutes.JoinRequests("dev"));
        foreach (var role in new[] { "Owner", "4", "2", "reader", "%00" })
        {
            await _owner.ExpectProblem(
                HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _owner.PostAsync($"{TrackerRoutes.Approval("dev", "outsider")}?role={role}"));
        }

        Assert.Equal(GroupRole.Requested, (await GetGroupAsync(_outsider)).Role);
        Assert.Equal(MemberRole.Reader, (await GetGroupAsync(_reader)).MemberRole);
    }

    [TrackerFact]
    public async Task A_new_member_has_the_role_that_was_named_or_else_the_groups()
    {
        await _owner.Expect(HttpStatusCode.Created, await _owner.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("images", DefaultRole: MemberRole.Reader)));
        await _outsider.PostAsync(TrackerRoutes.JoinRequests("images"));
        await _reader.PostAsync(TrackerRoutes.JoinRequests("images"));

        await _owner.Expect(HttpStatusCode.NoContent, await _owner.PostAsync(TrackerRoutes.Approval("images", "outsider")));
        await _owner.Expect(HttpStatusCode.NoContent, await _owner.PostAsync(TrackerRoutes.Approval("images", "reader", MemberRole.Publisher)));
        var added = await _owner.Expect<MemberResponse>(HttpStatusCode.OK, await _owner.PutAsync(TrackerRoutes.Member("images", "publisher"), new AddMemberRequest()));

        Assert.Equal(MemberRole.Reader, added.MemberRole);
        var roles = (await _owner.ListAsync<MemberResponse>(ListQuery.All.On(TrackerRoutes.Members("images")))).ToDictionary(member => member.UserName, member => member.MemberRole);
        Assert.Equal((MemberRole.Reader, MemberRole.Publisher), (roles["outsider"], roles["reader"]));
        Assert.Equal(MemberRole.Reader, (await _owner.Expect<GroupResponse>(HttpStatusCode.OK, await _owner.GetAsync(TrackerRoutes.Group("images")))).DefaultRole);
        await _owner.ExpectProblem(
            HttpStatusCode.BadRequest, ErrorCode.InvalidRequest, await _owner.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest("owners", DefaultRole: MemberRole.Owner)));
    }

    [TrackerFact]
    public async Task Adding_answers_the_request_of_the_user_and_names_who_is_not_there()
    {
        await _outsider.PostAsync(TrackerRoutes.JoinRequests("dev"));

        await AddAsync(_manager, _outsider, MemberRole.Reader);

        Assert.Empty(await _owner.ListAsync<JoinRequestResponse>(ListQuery.All.On(TrackerRoutes.JoinRequests("dev"))));
        await _owner.ExpectProblem(HttpStatusCode.Conflict, ErrorCode.AlreadyMember, await AddAnswerAsync(_owner, "outsider", MemberRole.Publisher));
        await _owner.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.UserNotFound, await AddAnswerAsync(_owner, "nobody", MemberRole.Reader));
        await _owner.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.UserNotFound, await AddAnswerAsync(_owner, "no body", MemberRole.Reader));
        await _owner.ExpectProblem(HttpStatusCode.NotFound, ErrorCode.MemberNotFound, await SetAnswerAsync(_owner, "nobody", MemberRole.Reader));
    }

    [TrackerFact]
    public async Task Managers_hear_of_requests_and_publishers_do_not()
    {
        await using var managed = await EventListener.OpenAsync(_manager);
        await using var published = await EventListener.OpenAsync(_publisher);

        await _outsider.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await _manager.Expect(HttpStatusCode.NoContent, await _manager.PostAsync(TrackerRoutes.Approval("dev", "outsider")));

        Assert.Equal((GroupEventKind.JoinRequest, "dev", "outsider", null), await managed.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinApproved, "dev", "outsider", null), await managed.NextShortAsync());
        Assert.Equal((GroupEventKind.JoinApproved, "dev", "outsider", null), await published.NextShortAsync());

        // A stream that continues gets the same.
        await using var again = await EventListener.OpenAsync(_manager, after: "0");
        Assert.Contains(GroupEventKind.JoinRequest, new[] { await again.NextAsync(), await again.NextAsync(), await again.NextAsync(), await again.NextAsync(), await again.NextAsync() }.Select(one => one.Kind));
    }

    [TrackerFact]
    public async Task A_former_owner_is_a_publisher()
    {
        await _owner.Expect(HttpStatusCode.OK, await _owner.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest("reader")));

        Assert.Equal((MemberRole.Publisher, MemberRole.Owner), ((await GetGroupAsync(_owner)).MemberRole, (await GetGroupAsync(_reader)).MemberRole));
        await _reader.Expect(HttpStatusCode.Created, await _reader.ShareAsync("dev", "file", _root));
        await _reader.Expect(HttpStatusCode.OK, await _reader.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest("manager")));
        // Whatever it was before it owned the group.
        Assert.Equal(MemberRole.Publisher, (await GetGroupAsync(_reader)).MemberRole);
        await _owner.ExpectProblem(HttpStatusCode.Forbidden, ErrorCode.NotOwner, await SetAnswerAsync(_owner, "publisher", MemberRole.Reader));
    }

    private static Task<HttpResponseMessage> AddAnswerAsync(TestUser asker, string user, MemberRole? role) => asker.PutAsync(TrackerRoutes.Member("dev", user), new AddMemberRequest(role));

    private static Task<HttpResponseMessage> SetAnswerAsync(TestUser asker, string user, MemberRole role) => asker.PutAsync(TrackerRoutes.MemberRole("dev", user), new SetMemberRoleRequest(role));

    private static async Task AddAsync(TestUser asker, TestUser user, MemberRole role) =>
        await asker.Expect(HttpStatusCode.OK, await AddAnswerAsync(asker, user.Name, role));

    private static async Task<MemberResponse> SetAsync(TestUser asker, TestUser user, MemberRole role) =>
        await asker.Expect<MemberResponse>(HttpStatusCode.OK, await SetAnswerAsync(asker, user.Name, role));

    private static async Task<GroupResponse> GetGroupAsync(TestUser user) =>
        await user.Expect<GroupResponse>(HttpStatusCode.OK, await user.GetAsync(TrackerRoutes.Group("dev")));
}
