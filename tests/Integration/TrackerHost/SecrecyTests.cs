using System.Net;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost;

/// <summary>Who is no member learns nothing of what is in a group: what is there and what is not are answered alike.</summary>
public sealed class SecrecyTests : IAsyncLifetime
{
    private readonly Hash256 _root = TestUser.RandomHash();
    private TestTracker _tracker = null!;
    private TestUser _owner = null!;
    private TestUser _member = null!;
    private TestUser _outsider = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync();
        _owner = await TestUser.CreateAsync(_tracker, "owner");
        _member = await TestUser.CreateAsync(_tracker, "member");
        _outsider = await TestUser.CreateAsync(_tracker, "outsider");
        using var waiting = await TestUser.CreateAsync(_tracker, "waiting");
        using var elsewhere = await TestUser.CreateAsync(_tracker, "elsewhere");
        await _owner.CreateGroupAsync("dev");
        await _member.JoinAsync(_owner, "dev");
        await waiting.PostAsync(TrackerRoutes.JoinRequests("dev"));
        await _owner.ShareAsync("dev", "there", _root);
        await _owner.AnnounceAsync(("dev", _root, Complete: true));
    }

    public async Task DisposeAsync()
    {
        _owner.Dispose();
        _member.Dispose();
        _outsider.Dispose();
        await _tracker.DisposeAsync();
    }

    [TrackerFact]
    public async Task Of_files_and_contents()
    {
        await SameAsync(_outsider, name => _outsider.DeleteAsync(TrackerRoutes.File("dev", name)), "there", "missing", "../x", "no\u0001name");
        await SameAsync(_outsider, name => _outsider.ShareAsync("dev", name, _root), "there", "missing");
        await SameAsync(_outsider, name => _outsider.ShareAsync("dev", name, TestUser.RandomHash(), replace: true), "there", "missing");
        await SameAsync(_outsider, root => _outsider.AskSourcesAsync("dev", root), _root, TestUser.RandomHash());
        foreach (var root in new[] { _root, TestUser.RandomHash() })
        {
            var holding = await _outsider.HoldingAsync("dev", root, complete: true);
            Assert.Equal([holding], (await _outsider.AnnounceAsync(holding)).Rejected);
        }
    }

    [TrackerFact]
    public async Task Of_members()
    {
        await SameAsync(_outsider, name => _outsider.DeleteAsync(TrackerRoutes.Member("dev", name)), "member", "owner", "waiting", "elsewhere", "nobody", "no name");
        await SameAsync(
            _outsider, name => _outsider.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest(name)), "member", "outsider", "nobody");
    }

    [TrackerFact]
    public async Task Of_those_who_ask_to_join()
    {
        foreach (var user in new[] { _outsider, _member })
        {
            await SameAsync(user, name => user.PostAsync(TrackerRoutes.Approval("dev", name)), "waiting", "elsewhere", "nobody", "no name");
            await SameAsync(user, name => user.DeleteAsync(TrackerRoutes.JoinRequest("dev", name)), "waiting", "elsewhere", "nobody", "no name");
        }
    }

    [TrackerFact]
    public async Task An_owner_learns_nothing_about_accounts_outside_the_group()
    {
        await SameButForNamesAsync(name => _owner.PutAsync(TrackerRoutes.GroupOwner("dev"), new SetGroupOwnerRequest(name)));
        await SameButForNamesAsync(name => _owner.DeleteAsync(TrackerRoutes.Member("dev", name)));
        await SameButForNamesAsync(name => _owner.PostAsync(TrackerRoutes.Approval("dev", name)));
        await SameButForNamesAsync(name => _owner.DeleteAsync(TrackerRoutes.JoinRequest("dev", name)));

        async Task SameButForNamesAsync(Func<string, Task<HttpResponseMessage>> ask)
        {
            var answers = new List<string>();
            foreach (var name in new[] { "elsewhere", "nobody" })
            {
                answers.Add((await TextAsync(_owner, await ask(name))).Replace(name, "x", StringComparison.Ordinal));
            }

            Assert.Single(answers.Distinct());
        }
    }

    private static async Task SameAsync<T>(TestUser user, Func<T, Task<HttpResponseMessage>> ask, params T[] things)
    {
        var answers = new List<string>();
        foreach (var thing in things)
        {
            answers.Add(await TextAsync(user, await ask(thing)));
        }

        Assert.Single(answers.Distinct());
    }

    private static async Task<string> TextAsync(TestUser user, HttpResponseMessage answer)
    {
        Assert.False(answer.IsSuccessStatusCode, $"{user.Name} is refused");
        Assert.NotEqual(HttpStatusCode.Unauthorized, answer.StatusCode);
        return await ResponseText.ReadAsync(answer);
    }
}
