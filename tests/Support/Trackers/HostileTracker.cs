using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace P2PShare.Support;

/// <summary>A tracker that accepts every login and answers with the names and problems that a test sets, valid or not.</summary>
internal sealed class HostileTracker : IAsyncDisposable
{
    private static readonly Guid Id = Guid.Parse("22222222-2222-2222-2222-222222222222");
    private static readonly DateTimeOffset Then = DateTimeOffset.UnixEpoch;

    private readonly ScriptedTracker _web;

    private HostileTracker(ScriptedTracker web)
    {
        _web = web;
        _web.Answer = AnswerAsync;
    }

    /// <summary>The names of its groups, and in every group of the files, members and users who ask to join.</summary>
    public IReadOnlyList<string> Names { get; set; } = ["dev"];

    /// <summary>The detail of the problem that answers everything but a login; null: names.</summary>
    public string? Problem { get; set; }

    public P2PShare.Protocol.Tracker.TrackerAddress Address => _web.Address;

    public static async Task<HostileTracker> StartAsync() => new(await ScriptedTracker.StartAsync());

    /// <summary>A shell whose session is one of this tracker.</summary>
    public TestShell Connect()
    {
        var shell = new TestShell();
        shell.UseTracker(_web.Address);
        shell.Succeed("$session = Connect-P2PTracker $tracker -UserName alice -Password $password -Fingerprint $fingerprint -StatePath $state");
        return shell;
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.EndsWith("/sessions", StringComparison.Ordinal))
        {
            return WriteAsync(context, new { token = "t", userName = Names[0], userId = Id, sessionId = Id, trackerId = Id, expires = DateTimeOffset.MaxValue });
        }

        if (Problem is not null)
        {
            return ScriptedTracker.Problem(409, "Odd", Problem)(context);
        }

        return path.Split('/')[^1] switch
        {
            "groups" => WriteAsync(context, Names.Select(name => Group(name))),
            "files" => WriteAsync(context, Names.Select(name => new
            {
                group = Names[0],
                groupId = Id,
                name,
                size = 0,
                pieceLength = 65536,
                piecesRoot = (string?)null,
                owner = name,
                sources = 0,
                shared = Then,
            })),
            "members" => WriteAsync(context, Names.Select(name => new { group = Names[0], userName = name, userId = Id, role = "Member", joined = Then })),
            "requests" => WriteAsync(context, Names.Select(name => new { group = Names[0], userName = name, userId = Id, requested = Then })),
            _ => WriteAsync(context, Group(Names[0])),
        };
    }

    private static object Group(string name) => new { name, groupId = Id, owner = name, memberCount = 1, role = "Owner", created = Then, listed = true };

    private static Task WriteAsync(HttpContext context, object body) => context.Response.WriteAsync(JsonSerializer.Serialize(body));
}
