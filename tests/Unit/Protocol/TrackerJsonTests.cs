using System.Text.Json;
using System.Text.Json.Nodes;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public class TrackerJsonTests
{
    private static readonly DateTimeOffset Now = new(2026, 7, 1, 12, 30, 0, TimeSpan.Zero);
    private static readonly Hash256 A = Hash256.Compute([1]);
    private static readonly Hash256 B = Hash256.Compute([2]);
    private static readonly Guid User = new("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
    private static readonly Guid Group = new("9c858901-8a57-4791-81fe-4c455b099bc9");
    private static readonly Guid Session = new("16fd2706-8baf-433b-82eb-8c7fada847da");
    private static readonly Guid Tracker = new("0f8fad5b-d9cb-469f-a165-70867728950e");

    // One of each message, and one more where a member may be missing.
    private static readonly object[] Messages =
    [
        new CreateUserRequest("john", "pass word"),
        new LoginRequest("john", "pässword"),
        new SessionResponse("token", User, Session, "john", Tracker, Now),
        new SessionResponse(null, User, Session, "john", Tracker, Now),
        new ChangePasswordRequest("pass word", "pässword"),
        new CreateGroupRequest("dev", Listed: false),
        new CreateGroupRequest("dev", Listed: true, MemberRole.Reader),
        new GroupResponse(Group, "dev", "john", 3, GroupRole.Owner, Now, Listed: true),
        new GroupResponse(Group, "dev", "john", 3, GroupRole.Member, Now, Listed: true, MemberRole.Manager, MemberRole.Reader),
        new SetGroupOwnerRequest("eve"),
        new AddMemberRequest(),
        new AddMemberRequest(MemberRole.Reader),
        new SetMemberRoleRequest(MemberRole.Manager),
        new MemberResponse("dev", "eve", GroupRole.Member, Now, MemberRole.Publisher),
        new MemberResponse("dev", "eve", GroupRole.Member, Now),
        new JoinRequestResponse("dev", "eve", Now),
        new ShareFileRequest("a/b.bin", 1L << 40, 1 << 20, A, Replace: true, Now.AddTicks(1), Executable: false),
        new ShareFileRequest("empty", 0, 65536, null),
        new FileResponse(Group, "dev", "a/b.bin", 5, 65536, A, "john", 2, Now, Now.AddTicks(1), Executable: true, Version: 2, KeptUntil: Now),
        new FileResponse(Group, "dev", "empty", 0, 65536, null, "john", 0, Now),
        new AnnounceRequest(A, 4000, ["10.0.0.1", "fe80::1"], true, [new Announcement(Group, B, true)], [], 7, new FingerprintProof([1], [2])),
        new AnnounceResponse(60, false, [new Announcement(Group, B, false)], [new Revocation(7, Group, User, null, Now)], 7),
        new Revocation(8, null, User, Session, Now),
        new PeerResponse("dev", "eve", A, ["10.0.0.1:4000"], 3, 1, Now),
        new SourcesRequest(Group, A, B, [A, B]),
        new DialRequest(Group, A, B, A),
        new DialEvent(Group, "dev", A, new SourcePeer(B, User, Session, "alice", Complete: false, ["127.0.0.1:5000"])),
        new SourcesResponse(Group, "ey.J.x", Now, [new ContentSources(A, [new SourcePeer(B, User, Session, "john", true, ["10.0.0.1:4000"])])]),
        new ShareFilesRequest([new ShareFileRequest("a/b.bin", 5, 65536, A)]),
        new ShareFilesResponse([new ShareFileOutcome(new FileResponse(Group, "dev", "a/b.bin", 5, 65536, A, "john", 2, Now)), new ShareFileOutcome(null, ErrorCode.FileNameTaken, "It is taken.")]),
        new WithdrawFilesRequest(["a/b.bin"]),
        new WithdrawFilesResponse(Group, [new FailedWithdrawal("a/b.bin", ErrorCode.NotSharer, "You do not share it.")]),
        new ProblemResponse("about:blank", "Taken", 409, "'dev' is taken.", ErrorCode.GroupNameTaken),
        new ProblemResponse(),
    ];

    // Members that may be missing, because they have a default.
    private static readonly string[] Optional =
    [
        "CreateGroupRequest.listed", "CreateGroupRequest.defaultRole", "GroupResponse.memberRole", "GroupResponse.defaultRole", "MemberResponse.memberRole",
        "AddMemberRequest.role", "ShareFileRequest.piecesRoot", "ShareFileRequest.replace", "ShareFileRequest.modified", "ShareFileRequest.executable",
        "FileResponse.modified", "FileResponse.executable", "FileResponse.version", "FileResponse.keptUntil", "ProblemResponse.type", "ProblemResponse.title",
        "AnnounceRequest.proof", "AnnounceRequest.throughProxy", "ProblemResponse.status", "ProblemResponse.detail", "ProblemResponse.code",
    ];

    private static readonly string[] Nullable =
    [
        .. Optional.Except(["CreateGroupRequest.listed", "ShareFileRequest.replace", "AnnounceRequest.throughProxy"]), "SessionResponse.token", "FileResponse.piecesRoot",
        "Revocation.groupId", "Revocation.userId", "Revocation.sessionId",
    ];

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, Messages.Length)];

    [Theory]
    [MemberData(nameof(Indices))]
    public void Every_message_comes_back_as_it_went(int index)
    {
        var json = Write(Messages[index]);
        Assert.Equal(json, Write(Read(json, Messages[index].GetType())));
        Assert.All(JsonNode.Parse(json)!.AsObject(), member => Assert.True(char.IsAsciiLetterLower(member.Key[0]), member.Key));
    }

    [Fact]
    public void Every_type_that_is_a_message_is_tested() => Assert.Empty(
        typeof(TrackerJson).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(TrackerJson).Namespace
                && (type.Name.EndsWith("Request", StringComparison.Ordinal) || type.Name.EndsWith("Response", StringComparison.Ordinal)))
            .Except(Messages.Select(message => message.GetType())));

    [Theory]
    [MemberData(nameof(Indices))]
    public void A_missing_member_is_refused(int index)
    {
        var type = Messages[index].GetType();
        foreach (var (name, _) in Parse(index))
        {
            var json = Parse(index);
            json.Remove(name);
            CheckRefused(json.ToJsonString(), type, unless: Optional.Contains($"{type.Name}.{name}"));
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void A_null_member_is_refused(int index)
    {
        var type = Messages[index].GetType();
        foreach (var (name, _) in Parse(index))
        {
            var json = Parse(index);
            json[name] = null;
            CheckRefused(json.ToJsonString(), type, unless: Nullable.Contains($"{type.Name}.{name}"));
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void A_null_in_a_list_is_refused(int index)
    {
        foreach (var path in Lists(Parse(index)).Select(list => list.GetPath()).ToArray())
        {
            var json = Parse(index);
            Lists(json).Single(list => list.GetPath() == path).Add(null);
            CheckRefused(json.ToJsonString(), Messages[index].GetType(), unless: false);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{\"userName\":\"john\",\"password\":5}")]
    [InlineData("{\"userName\":[\"john\"],\"password\":\"x\"}")]
    [InlineData("{\"userName\":\"john\",\"password\":\"x\"} trailing")]
    [InlineData("{\"userName\":\"john\",\"password\":\"x\"")]
    public void What_is_not_the_message_is_refused(string json) => CheckRefused(json, typeof(LoginRequest), unless: false);

    [Fact]
    public void Members_of_a_later_version_are_passed_over() => Assert.Equal(
        new CreateGroupRequest("dev"), Read("{\"name\":\"dev\",\"colour\":{\"r\":[1]}}", typeof(CreateGroupRequest)));

    [Fact]
    public void Roles_are_written_as_words() => Assert.Contains("\"role\":\"Owner\"", Write(Messages.OfType<GroupResponse>().First()), StringComparison.Ordinal);

    [Fact]
    public void Lists_of_answers_come_back()
    {
        IReadOnlyList<FileResponse> files = [.. Messages.OfType<FileResponse>()];
        var json = JsonSerializer.Serialize(files, TrackerJson.Default.IReadOnlyListFileResponse);
        Assert.Equal(files, JsonSerializer.Deserialize(json, TrackerJson.Default.IReadOnlyListFileResponse));
    }

    [Fact]
    public void No_secret_appears_where_a_message_is_logged()
    {
        Assert.DoesNotContain("s3cret", new CreateUserRequest("john", "s3cret").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", new LoginRequest("john", "s3cret").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", new ChangePasswordRequest("s3cret", "s3cret").ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", new SessionResponse("s3cret", User, Session, "john", Tracker, Now).ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<JsonArray> Lists(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Lists(member.Value)),
        JsonArray items => items.SelectMany(Lists).Prepend(items),
        _ => [],
    };

    private static void CheckRefused(string json, Type type, bool unless)
    {
        if (unless)
        {
            Assert.NotNull(Read(json, type));
        }
        else
        {
            Assert.True(Record.Exception(() => Read(json, type)) is JsonException, $"{type.Name} took {json}");
        }
    }

    private static JsonObject Parse(int index) => JsonNode.Parse(Write(Messages[index]))!.AsObject();

    private static string Write(object message) => JsonSerializer.Serialize(message, message.GetType(), TrackerJson.Default);

    private static object Read(string json, Type type) => JsonSerializer.Deserialize(json, type, TrackerJson.Default)!;
}
