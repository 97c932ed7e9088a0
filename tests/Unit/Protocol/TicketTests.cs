using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Xunit;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using P2PShare.Protocol;
using P2PShare.Protocol.Tickets;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public sealed class TicketTests : IDisposable
{
    private const string Expired = "The ticket has expired.";
    private const string NotSigned = "The ticket was not signed by this tracker for its peers.";
    private const string LacksClaim = "The ticket lacks a claim, or has one that is not as it must be.";
    private const string OtherCertificate = "The ticket belongs to another certificate.";

    private static readonly DateTimeOffset Start = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Tracker = new("0f8fad5b-d9cb-469f-a165-70867728950e");
    private static readonly Guid User = new("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
    private static readonly Guid Group = new("9c858901-8a57-4791-81fe-4c455b099bc9");
    private static readonly Guid Session = new("16fd2706-8baf-433b-82eb-8c7fada847da");
    private static readonly Hash256 Certificate = Hash256.Compute([1]);
    private static readonly Hash256 Root = Hash256.Compute([2]);

    private readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsaSecurityKey _key;
    private readonly Clock _clock = new() { Now = Start };
    private readonly TicketIssuer _issuer;
    private readonly TicketValidator _validator;

    public TicketTests()
    {
        _key = new ECDsaSecurityKey(_ecdsa) { KeyId = "k1" };
        _issuer = new TicketIssuer(Tracker, _key);
        _validator = new TicketValidator(Tracker, KeySet(_key), _clock);
    }

    public void Dispose() => _ecdsa.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(SourcesRequest.MaxContents)]
    public async Task A_ticket_comes_back_as_it_was_issued(int contents)
    {
        var ticket = NewTicket() with
        {
            PiecesRoots = [.. Enumerable.Range(0, contents).Select(i => Hash256.Compute(BitConverter.GetBytes(i)))],
            UserName = new string('u', 64),
            GroupName = new string('g', 64),
            Issued = Start,
        };
        var token = _issuer.Issue(ticket, Start);
        Assert.InRange(token.Length, 1, TicketValidator.MaxLength);
        var (read, problem) = await _validator.ValidateAsync(token, Certificate);
        Assert.Null(problem);
        Assert.NotNull(read);
        Assert.Equal(ticket.PiecesRoots, read.PiecesRoots);
        Assert.Equal(ticket with { PiecesRoots = read.PiecesRoots }, read);
    }

    [Theory]
    [InlineData(-3600, null)] // this peer's clock is an hour slow
    [InlineData(0, null)]
    [InlineData(300, null)]
    [InlineData(329, null)]
    [InlineData(330, Expired)]
    [InlineData(86400, Expired)]
    public async Task A_ticket_counts_until_it_has_expired_give_or_take_the_clock_skew(int secondsAfterIssue, string? problem)
    {
        var token = _issuer.Issue(NewTicket(), Start);
        _clock.Now = Start.AddSeconds(secondsAfterIssue);
        Assert.Equal(problem, (await _validator.ValidateAsync(token, Certificate)).Problem);
    }

    [Fact]
    public async Task A_ticket_of_another_key_is_refused_also_under_the_name_of_this_one()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = new TicketIssuer(Tracker, new ECDsaSecurityKey(other) { KeyId = _key.KeyId });
        await CheckRefused(NotSigned, forged.Issue(NewTicket(), Start));
    }

    [Fact]
    public async Task A_ticket_of_another_tracker_is_refused() =>
        await CheckRefused(NotSigned, new TicketIssuer(Guid.NewGuid(), _key).Issue(NewTicket(), Start));

    [Fact]
    public async Task A_ticket_from_another_certificate_is_refused()
    {
        var (ticket, problem) = await _validator.ValidateAsync(_issuer.Issue(NewTicket(), Start), Hash256.Compute([9]));
        Assert.Null(ticket);
        Assert.Equal(OtherCertificate, problem);
    }

    [Fact]
    public async Task Every_key_of_the_set_counts()
    {
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var nextKey = new ECDsaSecurityKey(next) { KeyId = "k2" };
        var validator = new TicketValidator(Tracker, KeySet(_key, nextKey), _clock);
        foreach (var key in new[] { _key, nextKey })
        {
            Assert.Null((await validator.ValidateAsync(new TicketIssuer(Tracker, key).Issue(NewTicket(), Start), Certificate)).Problem);
        }
    }

    [Theory]
    [InlineData("group", "\"admins\"")]
    [InlineData("exp", "99999999999")]
    [InlineData("roots", "[]")]
    public async Task A_payload_that_was_changed_is_refused(string claim, string value)
    {
        var parts = _issuer.Issue(NewTicket(), Start).Split('.');
        var payload = JsonNode.Parse(Base64UrlEncoder.Decode(parts[1]))!.AsObject();
        payload[claim] = JsonNode.Parse(value);
        await CheckRefused(NotSigned, $"{parts[0]}.{Base64UrlEncoder.Encode(payload.ToJsonString())}.{parts[2]}");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("nOnE")]
    public async Task A_ticket_without_a_signature_is_refused(string algorithm)
    {
        var parts = _issuer.Issue(NewTicket(), Start).Split('.');
        var header = Base64UrlEncoder.Encode($$"""{"alg":"{{algorithm}}","typ":"p2pshare-ticket+jwt"}""");
        await CheckRefused(NotSigned, $"{header}.{parts[1]}.");
        await CheckRefused(NotSigned, $"{header}.{parts[1]}.{parts[2]}");
        await CheckRefused(NotSigned, $"{parts[0]}.{parts[1]}.");
    }

    [Fact]
    public async Task A_ticket_signed_with_the_public_key_as_a_secret_is_refused()
    {
        byte[][] secrets =
        [
            _ecdsa.ExportSubjectPublicKeyInfo(),
            Encoding.UTF8.GetBytes(_ecdsa.ExportSubjectPublicKeyInfoPem()),
            Encoding.UTF8.GetBytes(KeySet(_key)),
            _ecdsa.ExportParameters(false).Q.X!,
        ];
        foreach (var secret in secrets)
        {
            var credentials = new SigningCredentials(new SymmetricSecurityKey(secret) { KeyId = _key.KeyId }, SecurityAlgorithms.HmacSha256);
            await CheckRefused(NotSigned, Sign(Payload(), credentials: credentials));
        }
    }

    [Fact]
    public async Task A_ticket_of_another_algorithm_is_refused_even_where_the_set_has_its_key()
    {
        using var rsa = RSA.Create(2048);
        var numbers = rsa.ExportParameters(false);
        var keySet = JsonNode.Parse(KeySet(_key))!.AsObject();
        keySet["keys"]!.AsArray().Add(new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = "r1",
            ["n"] = Base64UrlEncoder.Encode(numbers.Modulus),
            ["e"] = Base64UrlEncoder.Encode(numbers.Exponent),
        });
        var validator = new TicketValidator(Tracker, keySet.ToJsonString(), _clock);
        var token = Sign(Payload(), credentials: new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = "r1" }, SecurityAlgorithms.RsaSha256));
        Assert.Equal(NotSigned, (await validator.ValidateAsync(token, Certificate)).Problem);
        Assert.Null((await validator.ValidateAsync(Sign(Payload()), Certificate)).Problem);
    }

    [Fact]
    public async Task What_the_tests_forge_from_counts_by_itself()
    {
        var (ticket, problem) = await _validator.ValidateAsync(Sign(Payload()), Certificate);
        Assert.Null(problem);
        Assert.Equal("john", ticket!.UserName);
    }

    [Theory]
    [InlineData("JWT")]
    [InlineData("at+jwt")]
    [InlineData("")]
    public async Task A_token_of_another_type_is_refused(string type) => await CheckRefused(NotSigned, Sign(Payload(), type));

    [Theory]
    [InlineData("aud", "\"another\"", NotSigned)]
    [InlineData("aud", null, NotSigned)]
    [InlineData("iss", "\"p2pshare:another\"", NotSigned)]
    [InlineData("iss", null, NotSigned)]
    [InlineData("exp", null, Expired)]
    [InlineData("exp", "0", Expired)]
    [InlineData("exp", "-1", Expired)]
    [InlineData("sub", null, LacksClaim)]
    [InlineData("sub", "null", LacksClaim)]
    [InlineData("sub", "5", LacksClaim)]
    [InlineData("sub", "{}", NotSigned)]
    [InlineData("sub", "[\"john\"]", NotSigned)]
    [InlineData("sub", "\"\"", LacksClaim)]
    [InlineData("sub", "\"john\"", LacksClaim)]
    [InlineData("sub", "\"1b9d6bcdbbfd4b2d9b5dab8dfbbd4bed\"", LacksClaim)]
    [InlineData("sid", null, LacksClaim)]
    [InlineData("sid", "null", LacksClaim)]
    [InlineData("sid", "\"\"", LacksClaim)]
    [InlineData("sid", "5", LacksClaim)]
    [InlineData("name", null, LacksClaim)]
    [InlineData("name", "null", LacksClaim)]
    [InlineData("name", "5", LacksClaim)]
    [InlineData("name", "\"\"", LacksClaim)]
    [InlineData("name", "\"../john\"", LacksClaim)]
    [InlineData("group_name", null, LacksClaim)]
    [InlineData("group_name", "null", LacksClaim)]
    [InlineData("group_name", "\"a\\n\"", LacksClaim)]
    [InlineData("group", null, LacksClaim)]
    [InlineData("group", "null", LacksClaim)]
    [InlineData("group", "true", LacksClaim)]
    [InlineData("group", "[]", LacksClaim)]
    [InlineData("group", "\"dev\"", LacksClaim)]
    [InlineData("roots", null, LacksClaim)]
    [InlineData("roots", "null", LacksClaim)]
    [InlineData("roots", "5", LacksClaim)]
    [InlineData("roots", "{}", LacksClaim)]
    [InlineData("roots", "[5]", LacksClaim)]
    [InlineData("roots", "[null]", LacksClaim)]
    [InlineData("roots", "[[]]", LacksClaim)]
    [InlineData("roots", "[\"!!!!\"]", LacksClaim)]
    [InlineData("roots", "[\"AAAA\"]", LacksClaim)]
    [InlineData("roots", "[\"\"]", LacksClaim)]
    [InlineData("cnf", null, LacksClaim)]
    [InlineData("cnf", "null", LacksClaim)]
    [InlineData("cnf", "5", LacksClaim)]
    [InlineData("cnf", "[]", LacksClaim)]
    [InlineData("cnf", "\"{}\"", LacksClaim)]
    [InlineData("cnf", "{}", LacksClaim)]
    [InlineData("cnf", "{\"x5t#S256\":null}", LacksClaim)]
    [InlineData("cnf", "{\"x5t#S256\":5}", LacksClaim)]
    [InlineData("cnf", "{\"x5t#S256\":\"\"}", LacksClaim)]
    [InlineData("cnf", "{\"x5t#S256\":\"%%%%\"}", LacksClaim)]
    [InlineData("cnf", "{\"x5t#S256\":\"AAAA\"}", LacksClaim)]
    public async Task A_signed_token_with_a_claim_missing_or_of_another_kind_is_refused(string claim, string? value, string problem)
    {
        var payload = Payload();
        payload.Remove(claim);
        if (value is not null)
        {
            payload[claim] = JsonNode.Parse(value);
        }

        await CheckRefused(problem, Sign(payload));
    }

    [Theory]
    [InlineData("exp", "1e300")]
    [InlineData("exp", "99999999999999999999999999")]
    [InlineData("exp", "9223372036854775807")]
    [InlineData("exp", "\"tomorrow\"")]
    [InlineData("exp", "[]")]
    [InlineData("iat", "\"x\"")]
    [InlineData("nbf", "{}")]
    [InlineData("aud", "5")]
    [InlineData("iss", "[]")]
    [InlineData("sub", "1e400")]
    public async Task A_signed_token_with_an_absurd_claim_never_throws(string claim, string value)
    {
        var json = Payload();
        json.Remove(claim);
        var payload = json.ToJsonString()[..^1] + $",\"{claim}\":{value}}}";
        await Check(SignRaw(Base64UrlEncoder.Encode($$"""{"alg":"ES256","typ":"p2pshare-ticket+jwt","kid":"k1"}"""), Base64UrlEncoder.Encode(payload)));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("\u0000")]
    [InlineData("{\"sub\":\"a\",\"sub\":\"b\"}")]
    public async Task A_signed_payload_that_is_no_object_of_claims_is_refused(string payload)
    {
        var header = Base64UrlEncoder.Encode($$"""{"alg":"ES256","typ":"p2pshare-ticket+jwt","kid":"k1"}""");
        await CheckRefused(null, SignRaw(header, Base64UrlEncoder.Encode(payload)));
    }

    [Fact]
    public async Task A_signed_payload_that_is_no_utf8_never_throws()
    {
        var payload = Encoding.UTF8.GetBytes(Payload().ToJsonString());
        for (var i = 0; i < payload.Length; i++)
        {
            var broken = payload.ToArray();
            broken[i] = 0xFF;
            await Check(SignRaw(Base64UrlEncoder.Encode($$"""{"alg":"ES256","typ":"p2pshare-ticket+jwt","kid":"k1"}"""), Base64UrlEncoder.Encode(broken)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("...")]
    [InlineData("....")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d.e")]
    [InlineData("e30.e30.")]
    [InlineData("e30.e30.e30")]
    [InlineData("bnVsbA.bnVsbA.bnVsbA")]
    [InlineData("W10.W10.W10")]
    [InlineData("garbage")]
    [InlineData("\0\0.\0.\0")]
    [InlineData("é.é.é")]
    public async Task Garbage_is_refused(string token) => await CheckRefused(NotSigned, token);

    [Fact]
    public async Task A_ticket_that_is_too_long_is_not_looked_at()
    {
        var ticket = NewTicket() with { PiecesRoots = [.. Enumerable.Repeat(Root, 1000)] };
        await CheckRefused($"The ticket is longer than {TicketValidator.MaxLength} characters.", _issuer.Issue(ticket, Start));
        await CheckRefused(NotSigned, new string('.', TicketValidator.MaxLength));
        await CheckRefused(NotSigned, new string('a', TicketValidator.MaxLength));
    }

    [Property(MaxTest = 300)]
    public void No_text_makes_the_validator_throw(char[] text) => Check(new string(text)).GetAwaiter().GetResult();

    [Property(MaxTest = 300)]
    public void A_ticket_with_characters_changed_is_refused_and_never_throws(PositiveInt at, char put, bool insert)
    {
        var token = _issuer.Issue(NewTicket(), Start);
        var index = at.Get * 31 % token.Length;
        var changed = insert ? token.Insert(index, put.ToString()) : token[..index] + put + token[(index + 1)..];
        var (ticket, _) = Check(changed).GetAwaiter().GetResult();

        // The last character of a base64url part has bits that carry nothing, so a change there may change nothing.
        Assert.True(ticket is null || index == token.Length - 1 || changed == token, changed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("[]")]
    public void What_is_no_key_set_is_refused(string keySet) =>
        Assert.ThrowsAny<ArgumentException>(() => new TicketValidator(Tracker, keySet, _clock));

    private static Ticket NewTicket() => new(User, Group, Session, "john", "dev", [Root], Certificate, Start.AddMinutes(5));

    private static JsonObject Payload() => new()
    {
        ["iss"] = "p2pshare:" + Tracker.ToString("D", CultureInfo.InvariantCulture),
        ["aud"] = "p2pshare-peer",
        ["sub"] = User.ToString("D"),
        ["group"] = Group.ToString("D"),
        ["sid"] = Session.ToString("D"),
        ["name"] = "john",
        ["group_name"] = "dev",
        ["roots"] = new JsonArray(Base64UrlEncoder.Encode(Root.ToArray())),
        ["cnf"] = new JsonObject { ["x5t#S256"] = Base64UrlEncoder.Encode(Certificate.ToArray()) },
        ["iat"] = Start.ToUnixTimeSeconds(),
        ["exp"] = Start.AddMinutes(5).ToUnixTimeSeconds(),
    };

    private static string KeySet(params ECDsaSecurityKey[] keys) => new JsonObject
    {
        ["keys"] = new JsonArray([.. keys.Select(key =>
        {
            var q = key.ECDsa.ExportParameters(false).Q;
            return new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["use"] = "sig",
                ["alg"] = "ES256",
                ["kid"] = key.KeyId,
                ["x"] = Base64UrlEncoder.Encode(q.X),
                ["y"] = Base64UrlEncoder.Encode(q.Y),
            };
        })]),
    }.ToJsonString();

    private string Sign(JsonObject payload, string type = "p2pshare-ticket+jwt", SigningCredentials? credentials = null)
    {
        if (credentials is not null)
        {
            return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
                payload.ToJsonString(), credentials, new Dictionary<string, object> { ["typ"] = type });
        }

        var header = JsonSerializer.Serialize(new { alg = "ES256", typ = type, kid = _key.KeyId });
        return SignRaw(Base64UrlEncoder.Encode(header), Base64UrlEncoder.Encode(payload.ToJsonString()));
    }

    private string SignRaw(string header, string payload) =>
        $"{header}.{payload}.{Base64UrlEncoder.Encode(_ecdsa.SignData(Encoding.ASCII.GetBytes($"{header}.{payload}"), HashAlgorithmName.SHA256))}";

    private async Task CheckRefused(string? expected, string token)
    {
        var (ticket, problem) = await Check(token);
        Assert.Null(ticket);
        Assert.Equal(expected ?? problem, problem);
    }

    private async Task<(Ticket? Ticket, string? Problem)> Check(string token)
    {
        var result = await _validator.ValidateAsync(token, Certificate);
        Assert.True(result.Ticket is null != result.Problem is null);
        return result;
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
