using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

public sealed class TicketCheckerTests : IDisposable
{
    private static readonly Guid Tracker = Guid.NewGuid();
    private static readonly Hash256 Certificate = Hash256.Compute([1]);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly ECDsaSecurityKey _old = NewKey("old");
    private readonly ECDsaSecurityKey _new = NewKey("new");
    private readonly TicketChecker _checker;
    private TaskCompletionSource<TicketValidator>? _answer;
    private int _reads;

    public TicketCheckerTests() => _checker = new TicketChecker(ValidatorOf(_old), ReadAsync, _clock);

    public void Dispose()
    {
        _old.ECDsa.Dispose();
        _new.ECDsa.Dispose();
    }

    [Fact]
    public async Task A_ticket_of_a_key_that_was_published_since_is_valid()
    {
        _clock.Advance(TicketChecker.KeysAge);

        Assert.True(await CountsAsync(_new));
        Assert.True(await CountsAsync(_old));
        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task Invalid_tickets_make_it_read_the_keys_only_now_and_then()
    {
        using var forged = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var unknown = new ECDsaSecurityKey(forged) { KeyId = "forged" };
        for (var i = 0; i < 20; i++)
        {
            Assert.False(await CountsAsync(unknown));
        }

        Assert.Equal(0, _reads);
        _clock.Advance(TicketChecker.KeysAge);
        for (var i = 0; i < 20; i++)
        {
            Assert.False(await CountsAsync(unknown));
        }

        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task Tickets_that_arrive_while_keys_are_read_wait_for_the_answer()
    {
        _clock.Advance(TicketChecker.KeysAge);
        _answer = new TaskCompletionSource<TicketValidator>();
        var all = Enumerable.Range(0, 5).Select(_ => CountsAsync(_new)).ToArray();
        Assert.True(await CountsAsync(_old));

        _answer.SetResult(ValidatorOf(_old, _new));

        Assert.All(await Task.WhenAll(all), Assert.True);
        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task Keys_stay_valid_while_the_tracker_does_not_answer()
    {
        _clock.Advance(TicketChecker.KeysAge);
        _answer = new TaskCompletionSource<TicketValidator>();
        _answer.SetException(new P2PShareException(ErrorCode.TrackerUnreachable, "Unavailable."));

        Assert.False(await CountsAsync(_new));
        Assert.True(await CountsAsync(_old));

        _answer = null;
        _clock.Advance(TicketChecker.KeysAge);
        Assert.True(await CountsAsync(_new));
    }

    [Fact]
    public async Task A_withdrawn_key_is_refused_once_the_keys_are_renewed()
    {
        _answer = new TaskCompletionSource<TicketValidator>();
        _answer.SetResult(ValidatorOf(_new));
        _clock.Advance(TicketChecker.RenewAfter - TimeSpan.FromSeconds(1));
        Assert.True(await CountsAsync(_old));

        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await CountsAsync(_old));
        Assert.True(await CountsAsync(_new));
        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task A_silent_tracker_delays_one_ticket_for_a_moment_and_the_next_not_at_all()
    {
        _answer = new TaskCompletionSource<TicketValidator>();
        _clock.Advance(TicketChecker.RenewAfter);
        var first = CountsAsync(_old);

        Assert.True(await CountsAsync(_old));
        Assert.False(first.IsCompleted);
        _clock.Advance(TicketChecker.Patience);

        Assert.True(await first);
        Assert.Equal(1, _reads);
    }

    private static ECDsaSecurityKey NewKey(string id) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id };

    private Task<TicketValidator> ReadAsync()
    {
        _reads++;
        return _answer?.Task ?? Task.FromResult(ValidatorOf(_old, _new));
    }

    private TicketValidator ValidatorOf(params ECDsaSecurityKey[] keys) => new(
        Tracker,
        $$"""{"keys":[{{string.Join(',', keys.Select(key =>
        {
            var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
            return $$"""{"kty":"EC","crv":"P-256","kid":"{{key.KeyId}}","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
        }))}}]}""",
        _clock);

    private async Task<bool> CountsAsync(ECDsaSecurityKey key)
    {
        var now = _clock.GetUtcNow();
        var ticket = new Ticket(TestIds.Of("alice"), TestIds.Of("dev"), TestIds.Of("session"), "alice", "dev", [Hash256.Compute([2])], Certificate, now.AddMinutes(10));
        return (await _checker.ValidateAsync(new TicketIssuer(Tracker, key).Issue(ticket, now), Certificate)).Ticket is not null;
    }
}
