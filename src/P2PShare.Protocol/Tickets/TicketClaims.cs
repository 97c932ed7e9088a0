using System.Text.Json.Serialization;
using Microsoft.IdentityModel.JsonWebTokens;

namespace P2PShare.Protocol.Tickets;

/// <summary>What is read from a ticket beside the claims that every JWT has; a missing or null one is refused.</summary>
/// <param name="PiecesRoots">base64url of 32 bytes each.</param>
internal sealed record TicketClaims(
    [property: JsonPropertyName(JwtRegisteredClaimNames.Sub)] Guid UserId,
    [property: JsonPropertyName(Ticket.GroupClaim)] Guid GroupId,
    [property: JsonPropertyName(JwtRegisteredClaimNames.Sid)] Guid SessionId,
    [property: JsonPropertyName(JwtRegisteredClaimNames.Name)] string UserName,
    [property: JsonPropertyName(Ticket.GroupNameClaim)] string GroupName,
    [property: JsonPropertyName(Ticket.RootsClaim)] IReadOnlyList<string?> PiecesRoots,
    [property: JsonPropertyName(Ticket.ConfirmationClaim)] TicketConfirmation Confirmation);

/// <param name="Thumbprint">base64url of the SHA-256 of a certificate (RFC 8705).</param>
internal sealed record TicketConfirmation([property: JsonPropertyName(Ticket.ThumbprintMember)] string Thumbprint);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TicketClaims))]
internal sealed partial class TicketJson : JsonSerializerContext;
