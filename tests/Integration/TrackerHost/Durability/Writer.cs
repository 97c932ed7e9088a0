using P2PShare.Protocol.Tracker;

namespace P2PShare.Integration.TrackerHost.Durability;

/// <summary>Somebody who makes one write after the other, of any kind, until the tracker is gone.</summary>
/// <param name="user">Logged in.</param>
internal sealed class Writer(TestUser user, string name, Acknowledged acknowledged, int seed)
{
    private readonly Random _random = new(seed);
    private int _made;

    public async Task WriteAsync()
    {
        while (Pick() is var (changes, send))
        {
            if (changes.Length == 0 || !acknowledged.TryBegin(changes))
            {
                continue;
            }

            try
            {
                using var answer = await send();
                if ((int)answer.StatusCode == 503)
                {
                    // The database was lost under it.
                    acknowledged.Unanswered(changes);
                    return;
                }

                Assert.True(answer.IsSuccessStatusCode, $"{string.Join(", ", changes)}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                acknowledged.Answered(changes);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                acknowledged.Unanswered(changes);
                return;
            }
        }
    }

    private ((string Fact, bool Holds)[] Changes, Func<Task<HttpResponseMessage>> Send) Pick()
    {
        var fresh = $"{name}x{seed:x}x{_made++}";
        switch (_random.Next(38))
        {
            // Its password costs more than all the rest.
            case 0:
                return ([($"user {fresh}", true)], () => user.PostAsync(TrackerRoutes.Users, new CreateUserRequest(fresh, TestPassword.Text)));
            case < 5:
                return ([($"group {fresh}", true), ($"member {fresh} {name}", true)], () => user.PostAsync(TrackerRoutes.Groups, new CreateGroupRequest(fresh)));
            case < 12 when Any("group ") is [_, var group] && !group.StartsWith(name + "x", StringComparison.Ordinal)
                && !acknowledged.Known($"member {group} {name}").Contains($"member {group} {name}"):
                return ([($"request {group} {name}", true)], () => user.PostAsync(TrackerRoutes.JoinRequests(group)));
            case < 20 when Any($"request {name}x") is [_, var group, var asker]:
                return (
                    [($"request {group} {asker}", false), ($"member {group} {asker}", true)],
                    () => user.PostAsync(TrackerRoutes.Approval(group, asker)));
            case < 22 when Any($"request {name}x") is [_, var group, var asker]:
                return ([($"request {group} {asker}", false)], () => user.DeleteAsync(TrackerRoutes.JoinRequest(group, asker)));
            case < 33 when AnyMembership() is { } group:
                return ([($"file {group} {fresh} {name}", true)], () => user.ShareAsync(group, fresh, TestUser.RandomHash()));
            case < 36 when Any("file ", " " + name) is [_, var group, var file, _]:
                return ([($"file {group} {file} {name}", false)], () => user.DeleteAsync(TrackerRoutes.File(group, file)));
            case < 38 when AnyMembership() is { } group && !group.StartsWith(name + "x", StringComparison.Ordinal):
                // Whoever leaves shares nothing there any more.
                return (
                    [
                        ($"member {group} {name}", false),
                        .. acknowledged.Known($"file {group} ").Where(file => file.EndsWith(" " + name, StringComparison.Ordinal)).Select(file => (file, false)),
                    ],
                    () => user.DeleteAsync(TrackerRoutes.Member(group, name)));
            default:
                return ([], () => throw new InvalidOperationException("There was nothing to send."));
        }
    }

    private string? AnyMembership() => Any("member ", " " + name) is [_, var group, _] ? group : null;

    private string[] Any(string prefix, string suffix = "")
    {
        var facts = acknowledged.Known(prefix).FindAll(fact => fact.EndsWith(suffix, StringComparison.Ordinal));
        return facts.Count == 0 ? [] : facts[_random.Next(facts.Count)].Split(' ');
    }
}
