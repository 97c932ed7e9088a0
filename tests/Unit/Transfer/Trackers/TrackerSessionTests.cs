using System.Net.Http.Json;
using System.Security;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>The token of a session, and what is known before a login.</summary>
public sealed class TrackerSessionTests : IDisposable
{
    private static readonly Guid TrackerId = Guid.Parse("11111111-1111-1111-1111-111111111111");

    private readonly InMemoryTracker _tracker = new("tracker");
    private readonly TrackerSession _session;

    public TrackerSessionTests() => _session = InMemoryTracker.NewSession(new PauseClock(), _tracker);

    public void Dispose()
    {
        _session.Dispose();
        _tracker.Dispose();
    }

    [Fact]
    public void Before_a_login_there_is_no_user()
    {
        Assert.False(_session.IsLoggedIn);
        Assert.Equal(ErrorCode.NotLoggedIn, Assert.Throws<P2PShareException>(() => _session.UserName).Code);
        Assert.Equal(ErrorCode.NotLoggedIn, Assert.Throws<P2PShareException>(() => _session.Account).Code);
    }

    [Fact]
    public async Task Requests_carry_the_token_of_the_login()
    {
        await LoginAsync();
        var tokens = new List<string?>();
        _tracker.Answer = (request, cancellationToken) =>
        {
            tokens.Add(request.Headers.Authorization?.Parameter);
            return InMemoryTracker.EmptyList(request, cancellationToken);
        };

        await _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync();

        Assert.Equal(["first"], tokens);
        Assert.Equal((TrackerId, "alice"), (_session.Account.TrackerId, _session.Account.UserName));
    }

    [Fact]
    public async Task A_request_that_a_password_change_overtakes_is_sent_once_more_with_the_new_token()
    {
        await LoginAsync();
        var changing = new TaskCompletionSource<HttpResponseMessage>();
        _tracker.Answer = async (request, cancellationToken) => (request.Method.Method, request.Headers.Authorization?.Parameter) switch
        {
            ("PUT", _) => await changing.Task,
            (_, "second") => await InMemoryTracker.EmptyList(request, cancellationToken),
            _ => await InMemoryTracker.Problem(401, ErrorCode.NotLoggedIn, "No session.")(request, cancellationToken),
        };
        using var secret = Secret();
        var change = _session.ChangePasswordAsync(secret, secret, CancellationToken.None);
        var asking = _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync();
        Assert.False(asking.IsCompleted);

        changing.SetResult(Session("second"));

        Assert.Empty(await asking);
        await change;
    }

    [Fact]
    public async Task A_session_that_has_ended_is_an_error_that_names_it()
    {
        await LoginAsync();
        _tracker.Answer = InMemoryTracker.Problem(401, ErrorCode.NotLoggedIn, "No session.");

        var error = await Assert.ThrowsAsync<P2PShareException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());

        Assert.Equal(ErrorCode.NotLoggedIn, error.Code);
        Assert.Contains("The session of alice at tracker:8001 has ended", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, _tracker.Requests.Count);
        Assert.False(_session.IsLoggedIn);
        Assert.Same(error, _session.Ended);
        _tracker.Answer = (_, _) => Task.FromResult(Session("second"));
        await LoginAsync();
        Assert.True(_session.IsLoggedIn);
    }

    [Fact]
    public async Task A_logout_whose_response_was_lost_is_a_logout()
    {
        await LoginAsync();
        using var second = new InMemoryTracker("second") { Answer = InMemoryTracker.Problem(401, ErrorCode.NotLoggedIn, "No session.") };
        using var session = InMemoryTracker.NewSession(new PauseClock(), _tracker, second);
        _tracker.Answer = (_, _) => Task.FromResult(Session("first"));
        using var secret = Secret();
        await session.LoginAsync("alice", secret, CancellationToken.None);
        _tracker.Answer = InMemoryTracker.Lose;

        await session.LogoutAsync(CancellationToken.None);

        Assert.False(session.IsLoggedIn);
    }

    [Theory]
    [InlineData("not JSON", "text/plain")]
    [InlineData("{", "application/json")]
    [InlineData("null", "application/json")]
    public async Task A_response_that_no_tracker_gives_is_an_error(string body, string type)
    {
        _tracker.Answer = (_, _) => Task.FromResult(new HttpResponseMessage { Content = new StringContent(body, System.Text.Encoding.UTF8, type) });

        var error = await Assert.ThrowsAnyAsync<P2PShareException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());

        Assert.Equal(ErrorCode.NotATracker, error.Code);
    }

    [Theory]
    [InlineData("\\u001b]0;owned\\u0007", "\uFFFD]0;owned\uFFFD")]
    [InlineData("a\\u009b2J", "a\uFFFD2J")]
    [InlineData("a\\nb", "a\uFFFDb")]
    [InlineData("a\\u202egpj.exe", "a\uFFFDgpj.exe")]
    [InlineData("a\\u200bb", "a\u200bb")]
    public async Task Names_and_problems_cannot_act_on_a_terminal(string sent, string read)
    {
        Serve("application/json", $$"""[{"groupId":"11111111-1111-1111-1111-111111111111","group":"{{sent}}","userName":"{{sent}}","requested":"2026-01-01T00:00:00Z"}]""");
        var request = Assert.Single(await _session.ListJoinRequestsAsync("dev", ListQuery.All, CancellationToken.None).ReadAllAsync());
        Assert.Equal((read, read), (request.Group, request.UserName));

        Serve("application/problem+json", $$"""{"code":"GroupNotFound","detail":"There is no {{sent}}."}""", 404);
        var error = await Assert.ThrowsAsync<P2PShareException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());
        Assert.Equal($"There is no {read}.", error.Message);

        Serve("application/problem+json", $$"""{"code":"TrackerDatabaseUnavailable","detail":"No {{sent}}."}""", 503);
        Assert.Contains($"No {read}.", (await Assert.ThrowsAnyAsync<P2PShareException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync())).Message, StringComparison.Ordinal);

        Serve("text/event-stream", $$"""
            event: FileShared
            id: 1
            data: {"id":1,"kind":"FileShared","groupId":"11111111-1111-1111-1111-111111111111","group":"{{sent}}","userName":"{{sent}}","time":"2026-01-01T00:00:00Z","fileName":"{{sent}}"}


            """);
        await foreach (var what in _session.WatchEventsAsync([], CancellationToken.None))
        {
            Assert.Equal((read, read, read), (what.Group, what.UserName, what.FileName));
            break;
        }

        void Serve(string type, string body, int status = 200) => _tracker.Answer = (_, _) => Task.FromResult(
            new HttpResponseMessage((System.Net.HttpStatusCode)status) { Content = new StringContent(body, System.Text.Encoding.UTF8, type) });
    }

    [Theory]
    [InlineData(ErrorCode.TrackerUnreachable, true)]
    [InlineData(ErrorCode.TrackerHostUnknown, true)]
    [InlineData(ErrorCode.TrackerFailed, true)]
    [InlineData(ErrorCode.TrackerDatabaseUnavailable, true)]
    [InlineData(ErrorCode.TrackerDatabaseBusy, true)]
    [InlineData(ErrorCode.TooManyAttempts, true)]
    [InlineData(ErrorCode.NotLoggedIn, false)]
    [InlineData(ErrorCode.TrackerCertificateChanged, false)]
    public void Some_errors_pass_without_a_change_on_this_side(string code, bool isTransient) =>
        Assert.Equal(isTransient, TrackerSession.IsTransient(new P2PShareException(code, "A sentence.")));

    [Theory]
    [InlineData("7", 7)]
    [InlineData("Thu, 01 Jan 1970 00:01:07 GMT", 67)]
    [InlineData(null, 0)]
    [InlineData("999999999", 300)]
    public async Task The_time_that_a_tracker_or_a_proxy_names_with_429_is_kept_within_bounds(string? header, int seconds)
    {
        foreach (var isProblem in new[] { true, false })
        {
            _tracker.Answer = (_, _) =>
            {
                var response = new HttpResponseMessage(System.Net.HttpStatusCode.TooManyRequests)
                {
                    Content = isProblem
                        ? JsonContent.Create(new ProblemResponse(Code: ErrorCode.TooManyAttempts), TrackerJson.Default.ProblemResponse, new("application/problem+json"))
                        : new StringContent("<html>busy</html>"),
                };
                response.Headers.Date = DateTimeOffset.UnixEpoch;
                if (header is not null)
                {
                    response.Headers.TryAddWithoutValidation("Retry-After", header);
                }

                return Task.FromResult(response);
            };

            var error = await Assert.ThrowsAsync<TooManyAttemptsException>(() => _session.ListGroupsAsync(ListQuery.All, CancellationToken.None).ReadAllAsync());

            Assert.Equal(TimeSpan.FromSeconds(seconds), TrackerSession.RetryAfter(error));
        }
    }

    private static HttpResponseMessage Session(string token) => new()
    {
        Content = JsonContent.Create(
            new SessionResponse(token, TestIds.Of("alice"), TestIds.Of(token), "alice", TrackerId, DateTimeOffset.UnixEpoch), TrackerJson.Default.SessionResponse),
    };

    private static SecureString Secret()
    {
        var secret = new SecureString();
        secret.AppendChar('x');
        return secret;
    }

    private async Task LoginAsync()
    {
        _tracker.Answer = (_, _) => Task.FromResult(Session("first"));
        using var secret = Secret();
        await _session.LoginAsync("alice", secret, CancellationToken.None);
    }
}
