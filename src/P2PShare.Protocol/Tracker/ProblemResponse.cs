namespace P2PShare.Protocol.Tracker;

/// <summary>A problem as RFC 9457 has it, with the stable code; each member may be missing, for example if a proxy answered.</summary>
/// <param name="RequestId">As in the response's <c>X-Request-Id</c>, and in the tracker's log.</param>
public sealed record ProblemResponse(
    string? Type = null, string? Title = null, int? Status = null, string? Detail = null, string? Code = null, string? RequestId = null);
