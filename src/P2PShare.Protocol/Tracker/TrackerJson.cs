using System.Text.Json.Serialization;

namespace P2PShare.Protocol.Tracker;

/// <summary>
/// Serialisation of the tracker's messages, generated at build time. A null member without a default is written too,
/// because the reader refuses a missing one.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CreateUserRequest))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(SessionResponse))]
[JsonSerializable(typeof(ChangePasswordRequest))]
[JsonSerializable(typeof(CreateGroupRequest))]
[JsonSerializable(typeof(GroupResponse))]
[JsonSerializable(typeof(IReadOnlyList<GroupResponse>))]
[JsonSerializable(typeof(SetGroupOwnerRequest))]
[JsonSerializable(typeof(MemberResponse))]
[JsonSerializable(typeof(AddMemberRequest))]
[JsonSerializable(typeof(SetMemberRoleRequest))]
[JsonSerializable(typeof(IReadOnlyList<MemberResponse>))]
[JsonSerializable(typeof(JoinRequestResponse))]
[JsonSerializable(typeof(IReadOnlyList<JoinRequestResponse>))]
[JsonSerializable(typeof(ShareFileRequest))]
[JsonSerializable(typeof(FileResponse))]
[JsonSerializable(typeof(IReadOnlyList<FileResponse>))]
[JsonSerializable(typeof(ShareFilesRequest))]
[JsonSerializable(typeof(ShareFilesResponse))]
[JsonSerializable(typeof(WithdrawFilesRequest))]
[JsonSerializable(typeof(WithdrawFilesResponse))]
[JsonSerializable(typeof(AnnounceRequest))]
[JsonSerializable(typeof(AnnounceResponse))]
[JsonSerializable(typeof(PeerResponse))]
[JsonSerializable(typeof(IReadOnlyList<PeerResponse>))]
[JsonSerializable(typeof(SourcesRequest))]
[JsonSerializable(typeof(SourcesResponse))]
[JsonSerializable(typeof(DialRequest))]
[JsonSerializable(typeof(DialEvent))]
[JsonSerializable(typeof(GroupEvent))]
[JsonSerializable(typeof(ProblemResponse))]
public sealed partial class TrackerJson : JsonSerializerContext;
